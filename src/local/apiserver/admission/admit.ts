import type { Resource } from '../registry.ts';
import type { Call } from '../services.ts';
import type { Obj } from '../types.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export async function admit(
  _call: Call,
  _resource: Resource,
  _operation: Operation,
  object: Obj,
  _current: Obj | undefined,
): Promise<Obj> {
  return object;
}
