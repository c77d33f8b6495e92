import { crdStorage } from '../crd/definitions.ts';
import type { Services } from '../call/services.ts';
import { deleteStored, dropFinalizer } from './deletion.ts';

export const cleanup = 'customresourcecleanup.apiextensions.k8s.io';

/** A definition that is deleted takes its objects with it and goes after the last of them. */
export function followDeletedDefinitions(services: Services): void {
  const { store, now } = services;
  const look = (): void => {
    for (const crd of store.list(crdStorage)) {
      if (!crd.metadata.deletionTimestamp || !crd.metadata.finalizers?.includes(cleanup)) continue;
      const { group, names } = crd['spec'];
      const storage = `${group}/${names.plural}`;
      let left = 0;
      for (const object of store.list(storage)) {
        if (object.metadata.deletionTimestamp || !deleteStored(store, storage, object, {}, now()).gone) left++;
      }
      if (left === 0) dropFinalizer(store, crdStorage, crd, cleanup);
    }
  };
  look();
  store.subscribe((changes) => {
    if (changes.some(({ resource, type }) => resource === crdStorage || type === 'DELETED')) look();
  });
}
