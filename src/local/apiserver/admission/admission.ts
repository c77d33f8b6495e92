import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Obj } from '../model/types.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** One admission: what is asked of the webhooks. */
export interface Admission {
  readonly call: Call;
  readonly resource: Resource;
  readonly operation: Operation;
  readonly object: Obj | undefined;
  readonly current: Obj | undefined;
}
