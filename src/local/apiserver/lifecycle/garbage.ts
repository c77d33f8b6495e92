import type { OwnerReference } from '../../../kube/types.ts';
import type { Services } from '../call/services.ts';
import type { Change } from '../storage/store.ts';
import type { Obj } from '../model/types.ts';
import { currentOf, deleteStored, dropFinalizer, idOf } from './deletion.ts';

interface Known {
  readonly storage: string;
  readonly object: Obj;
}

const foreground = 'foregroundDeletion';

const isWaiting = (object: Obj): boolean =>
  object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes(foreground);

/** Deletes objects whose owners are gone, and does what the finalizers `orphan` and `foregroundDeletion` ask for. */
export class GarbageCollector {
  readonly #services: Services;
  readonly #byUid = new Map<string, Known>();
  /** uid of an owner → objects that name it. */
  readonly #dependents = new Map<string, Map<string, Known>>();

  constructor(services: Services) {
    this.#services = services;
    const { store } = services;
    for (const storage of store.resources()) for (const object of store.list(storage)) this.#learn({ storage, object });
    for (const known of [...this.#byUid.values()]) this.#look(known);
    store.subscribe((changes) => this.#follow(changes));
  }

  #follow(changes: readonly Change[]): void {
    for (const change of changes) this.#book(change);
    for (const { resource, type, object } of changes) {
      const known = { storage: resource, object };
      if (type !== 'DELETED') {
        this.#look(known);
        continue;
      }
      for (const dependent of this.#dependentsOf(object)) this.#collect(dependent);
      // The last dependent of an owner that waits for them.
      for (const { uid } of object.metadata.ownerReferences ?? []) {
        const owner = this.#byUid.get(uid);
        if (owner) this.#look(owner);
      }
    }
  }

  #book({ resource: storage, type, object, previous }: Change): void {
    if (previous) this.#forget({ storage, object: previous });
    if (type !== 'DELETED') this.#learn({ storage, object });
  }

  #learn(known: Known): void {
    this.#byUid.set(known.object.metadata.uid ?? '', known);
    for (const { uid } of known.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid) ?? new Map<string, Known>();
      this.#dependents.set(uid, dependents.set(idOf(known.storage, known.object), known));
    }
  }

  #forget(known: Known): void {
    this.#byUid.delete(known.object.metadata.uid ?? '');
    for (const { uid } of known.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(idOf(known.storage, known.object));
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
  }

  #dependentsOf(object: Obj): Known[] {
    return [...(this.#dependents.get(object.metadata.uid ?? '')?.values() ?? [])];
  }

  #look(known: Known): void {
    if (known.object.metadata.ownerReferences?.length) this.#collect(known);
    if (known.object.metadata.deletionTimestamp) this.#finalize(known);
  }

  /** The owner that a reference means; 'unknown' when its kind is not served, so that nothing can be said. */
  #owner(reference: OwnerReference, dependent: Obj): Obj | 'unknown' | undefined {
    const owner = this.#byUid.get(reference.uid)?.object;
    if (owner) {
      const { namespace } = owner.metadata;
      return namespace === undefined || namespace === dependent.metadata.namespace ? owner : undefined;
    }
    return this.#services.registry.forKind(reference.apiVersion, reference.kind) ? undefined : 'unknown';
  }

  /** Deletes a dependent without owner, or takes the references to absent owners off it. */
  #collect({ storage, object: seen }: Known): void {
    const { store, now } = this.#services;
    const object = currentOf(store, storage, seen);
    if (!object || object.metadata.uid !== seen.metadata.uid || object.metadata.deletionTimestamp) return;
    const references = object.metadata.ownerReferences ?? [];
    const owners = references.map((reference) => ({ reference, owner: this.#owner(reference, object) }));
    if (owners.length === 0) return;
    const solid = owners.filter(({ owner }) => owner === 'unknown' || (owner !== undefined && !isWaiting(owner)));
    if (solid.length === owners.length) return;
    if (solid.length > 0) {
      const ownerReferences = solid.map(({ reference }) => reference);
      store.put(storage, { ...object, metadata: { ...object.metadata, ownerReferences } }, object);
      return;
    }
    const waiting = owners.some(({ owner }) => owner !== undefined);
    const blocking = waiting && this.#dependentsOf(object).length > 0;
    deleteStored(store, storage, object, { propagationPolicy: blocking ? 'Foreground' : 'Background' }, now());
  }

  #finalize({ storage, object: seen }: Known): void {
    const { store } = this.#services;
    const object = currentOf(store, storage, seen);
    if (!object || object.metadata.uid !== seen.metadata.uid) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes('orphan')) {
      for (const dependent of this.#dependentsOf(object)) this.#orphan(dependent, object);
      dropFinalizer(store, storage, object, 'orphan');
    } else if (finalizers.includes(foreground)) {
      const dependents = this.#dependentsOf(object);
      const blocking = dependents.filter((dependent) => this.#blocks(dependent.object, object));
      if (blocking.length === 0) dropFinalizer(store, storage, object, foreground);
      else for (const dependent of dependents) this.#collect(dependent);
    }
  }

  #blocks(dependent: Obj, owner: Obj): boolean {
    return (dependent.metadata.ownerReferences ?? []).some(
      (reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion === true,
    );
  }

  #orphan({ storage, object: seen }: Known, owner: Obj): void {
    const object = currentOf(this.#services.store, storage, seen);
    if (!object) return;
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
    this.#services.store.put(storage, { ...object, metadata: { ...object.metadata, ownerReferences } }, object);
  }
}
