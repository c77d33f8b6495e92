import { objectStoreNames } from '../../api/cluster/plugin-store.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { ObjectStore } from '../../api/generated/object-store.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';

/** The ObjectStores that a cluster names, as far as they are there. */
export async function objectStoresOf(
  api: Pick<KubeApi, 'get'>,
  cluster: Cluster,
  namespace: string,
  signal: AbortSignal,
): Promise<Map<string, ObjectStore>> {
  const stores = new Map<string, ObjectStore>();
  for (const name of objectStoreNames(cluster)) {
    const store = await api.get<ObjectStore>(resource.objectStores, { namespace, name }, { signal });
    if (store !== undefined) stores.set(name, store);
  }
  return stores;
}
