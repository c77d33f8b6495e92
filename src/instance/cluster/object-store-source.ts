import type { ObjectStore } from '../../api/generated/object-store.ts';
import type { KubeApi } from '../../kube/port.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import type { StoreLookup } from '../../resources/archive-place.ts';
import type { Logger } from '../log/logger.ts';

/** The ObjectStores that somebody has asked for, each followed from then on: our role names them one by one. */
export function followObjectStores(
  kube: KubeApi,
  namespace: string,
  log: Logger,
  signal: AbortSignal,
): { lookup: StoreLookup; settled: () => Promise<void> } {
  const followed = new Map<string, Reflector<ObjectStore>>();
  const running: Promise<void>[] = [];
  const follow = (name: string): Reflector<ObjectStore> => {
    const reflector = new Reflector<ObjectStore>(kube, resource.objectStores, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    reflector.on('failed', (err) =>
      log.debug({ err, objectStore: name }, 'The ObjectStore cannot be followed just now'),
    );
    followed.set(name, reflector);
    running.push(reflector.run(signal));
    return reflector;
  };
  return {
    lookup: (name) => {
      const reflector = followed.get(name) ?? follow(name);
      return reflector.synced ? reflector.store.get(namespace, name) : 'unknown';
    },
    settled: async () => void (await Promise.allSettled(running)),
  };
}

/** For who looks once: asks for the ObjectStores of these names now. */
export async function readObjectStores(
  kube: Pick<KubeApi, 'get'>,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<StoreLookup> {
  const stores = await Promise.all(
    names.map((name) => kube.get<ObjectStore>(resource.objectStores, { namespace, name }, { signal })),
  );
  return (name) => stores[names.indexOf(name)];
}
