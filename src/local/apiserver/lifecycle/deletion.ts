import { storeKey, type Store } from '../storage/store.ts';
import type { Obj } from '../model/types.ts';
import { timestamp } from '../model/time.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Seconds that a pod gets to end; every other kind gets none. */
function gracePeriod(storage: string, object: Obj, options: DeleteOptions): number {
  if (storage !== '/pods') return 0;
  const phase = object['status']?.phase;
  if (!object['spec']?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  const seconds = options.gracePeriodSeconds ?? object['spec'].terminationGracePeriodSeconds ?? 30;
  return seconds < 0 ? 1 : seconds;
}

function withPolicy(object: Obj, options: DeleteOptions): string[] {
  const policy = options.propagationPolicy ?? (options.orphanDependents ? 'Orphan' : undefined);
  const finalizers = object.metadata.finalizers ?? [];
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion');
  if (policy === 'Orphan') return [...others, 'orphan'];
  return policy === 'Foreground' ? [...others, 'foregroundDeletion'] : others;
}

/** The object as a deletion marks it; undefined when it can go at once. */
function marked(object: Obj, grace: number, finalizers: readonly string[], now: Date): Obj | undefined {
  const isNamespace = object.kind === 'Namespace' && object.apiVersion === 'v1';
  if (grace === 0 && finalizers.length === 0 && !isNamespace) return undefined;
  const { deletionTimestamp, deletionGracePeriodSeconds: before } = object.metadata;
  const seconds = deletionTimestamp ? Math.min(before ?? 0, grace) : grace;
  const shortened = !deletionTimestamp || seconds !== before;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(finalizers.length > 0 && { finalizers: [...finalizers] }),
      deletionTimestamp: shortened ? timestamp(new Date(now.getTime() + seconds * 1000)) : deletionTimestamp,
      deletionGracePeriodSeconds: seconds,
      ...(object.metadata.generation && !deletionTimestamp && { generation: object.metadata.generation + 1 }),
    },
    ...(isNamespace && { status: { ...object['status'], phase: 'Terminating' } }),
  };
}

export interface Deleted {
  readonly object: Obj;
  /** It was removed now; otherwise it is only marked. */
  readonly gone: boolean;
}

/** What a deletion makes of the object. */
export function deletionOf(storage: string, object: Obj, options: DeleteOptions, now: Date): Obj | undefined {
  return marked(object, gracePeriod(storage, object, options), withPolicy(object, options), now);
}

/** Removes the object, or marks it while finalizers or a grace period hold it. Throws WriteConflict when `object` is stale. */
export function deleteStored(store: Store, storage: string, object: Obj, options: DeleteOptions, now: Date): Deleted {
  const next = deletionOf(storage, object, options, now);
  if (!next) return { object: store.remove(storage, object), gone: true };
  const unchanged =
    next.metadata.deletionTimestamp === object.metadata.deletionTimestamp &&
    next.metadata.finalizers?.join() === object.metadata.finalizers?.join();
  return { object: unchanged ? object : store.put(storage, next, object), gone: false };
}

/** A deletion that nothing holds any more. */
const finished = (object: Obj): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.finalizers ?? []).length === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  !(object.kind === 'Namespace' && object.apiVersion === 'v1' && (object['spec']?.finalizers ?? []).length > 0);

/** Stores the object; when that takes the last thing that held a deletion, the object goes, its last state written first. */
export function putOrFinish(store: Store, storage: string, next: Obj, current: Obj): Obj {
  const stored = store.put(storage, next, current);
  return finished(stored) ? store.remove(storage, stored) : stored;
}

/** Takes a finalizer off. */
export function dropFinalizer(store: Store, storage: string, object: Obj, finalizer: string): Obj {
  const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  return putOrFinish(store, storage, { ...object, metadata: { ...object.metadata, finalizers } }, object);
}

export const currentOf = (store: Store, storage: string, object: Obj): Obj | undefined =>
  store.get(storage, object.metadata.namespace, object.metadata.name ?? '');

export const idOf = (storage: string, object: Obj): string =>
  `${storage} ${storeKey(object.metadata.namespace, object.metadata.name ?? '')}`;
