import type { EventMessage } from '../../kube/events.ts';
import type { DeleteOptions } from '../../kube/port.ts';
import type { KubeObject, ObjectKey } from '../../kube/types.ts';
import type { WatchedKind } from './world.ts';

/** One thing to be done, as decided by a plan. Plans are pure; perform.ts acts. */
export type Action =
  | { readonly do: 'create'; readonly kind: WatchedKind; readonly object: KubeObject }
  | { readonly do: 'patch'; readonly kind: WatchedKind; readonly key: ObjectKey; readonly patch: object }
  | { readonly do: 'patchStatus'; readonly kind: WatchedKind; readonly key: ObjectKey; readonly patch: object }
  | {
      readonly do: 'delete';
      readonly kind: WatchedKind;
      readonly key: ObjectKey;
      readonly uid: string;
      readonly options?: Pick<DeleteOptions, 'gracePeriodSeconds' | 'propagationPolicy'>;
    }
  | { readonly do: 'bind'; readonly key: ObjectKey; readonly uid: string; readonly node: string }
  | { readonly do: 'event'; readonly about: KubeObject; readonly event: EventMessage }
  /** Makes the directory of a local volume, before its PersistentVolume says that it is there. */
  | { readonly do: 'makeDirectory'; readonly path: string }
  /** Removes a released volume with its data, after asking the API server once more that its claim is gone. */
  | {
      readonly do: 'removeVolume';
      readonly name: string;
      readonly path: string;
      readonly claim: ObjectKey & { uid: string };
    };

export interface Plan {
  readonly actions: readonly Action[];
  /** Plan again after so many milliseconds even if nothing changes. */
  readonly afterMs?: number;
}

export const nothing: Plan = { actions: [] };

export const keyOf = (object: KubeObject): ObjectKey => ({
  name: object.metadata?.name ?? '',
  ...(object.metadata?.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
});

export const nameOf = (object: KubeObject): string => object.metadata?.name ?? '';
export const namespaceOf = (object: KubeObject): string => object.metadata?.namespace ?? '';
export const uidOf = (object: KubeObject): string => object.metadata?.uid ?? '';
export const isDeleting = (object: KubeObject): boolean => object.metadata?.deletionTimestamp !== undefined;

/** Whether `owner` is the controller of `object`. */
export const controls = (owner: KubeObject, object: KubeObject): boolean =>
  object.metadata?.ownerReferences?.some((it) => it.controller === true && it.uid === uidOf(owner)) ?? false;

/** Key ("namespace/name") of the controlling owner of a kind. */
export function ownerKey(object: KubeObject, kind: string): string[] {
  const owner = object.metadata?.ownerReferences?.find((it) => it.controller === true && it.kind === kind);
  return owner ? [`${namespaceOf(object)}/${owner.name}`] : [];
}

export const ownerReference = (owner: KubeObject, apiVersion: string, kind: string) => ({
  apiVersion,
  kind,
  name: nameOf(owner),
  uid: uidOf(owner),
  controller: true,
  blockOwnerDeletion: true,
});

/** Equality of JSON values, whatever the order of keys; undefined members do not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => sameJson(left[name], right[name]));
}

/** A status patch, unless the status says all of it already. */
export function statusPatch(kind: WatchedKind, object: KubeObject & { status?: unknown }, wanted: object): Action[] {
  const current = (object.status ?? {}) as Record<string, unknown>;
  const same = Object.entries(wanted).every(([name, value]) => sameJson(value ?? undefined, current[name]));
  return same ? [] : [{ do: 'patchStatus', kind, key: keyOf(object), patch: { status: wanted } }];
}

/** A time as Kubernetes writes it: whole seconds. */
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
