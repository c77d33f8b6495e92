import type { ObjectMeta } from '../../../kube/types.ts';

/** Untyped JSON: whatever a client sent or a schema allows. It is narrowed where a rule looks at it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

export interface Meta extends ObjectMeta {
  selfLink?: string;
}

/** A stored object. Objects in the store are shared and never changed in place: clone first. */
export interface Obj {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  [field: string]: Loose;
}

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
