// F31: what is not the operator's does not come to it, so that its memory does not grow with everything else in the cluster.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConfigMap, Pod, Secret, Service } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject, ListOptions, ResourceType, WatchOptions } from '../../kube/types.ts';
import { label } from '../../labels.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { aCluster, startPlatform, type TestPlatform } from '../testing/test-world.ts';
import { createClusterController } from './controller.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const bulk = 'x'.repeat(50_000);

/** The same API; `seen` is told of every object that comes over it. */
function watchedApi(api: KubeApi, seen: (object: KubeObject) => void): KubeApi {
  return {
    list: async <T extends KubeObject>(type: ResourceType, options?: ListOptions) => {
      const found = await api.list<T>(type, options);
      found.items.forEach(seen);
      return found;
    },
    async *watch<T extends KubeObject>(type: ResourceType, options: WatchOptions) {
      for await (const event of api.watch<T>(type, options)) {
        if (event.type !== 'BOOKMARK') seen(event.object);
        yield event;
      }
    },
  } as unknown as KubeApi;
}

async function foreign(api: KubeApi, name: string): Promise<void> {
  const metadata = { name, namespace: 'default', annotations: { bulk } };
  await api.create<Secret>(resource.secrets, { metadata, stringData: { bulk } });
  await api.create<ConfigMap>(resource.configMaps, { metadata, data: { bulk } });
  await api.create<Service>(resource.services, { metadata, spec: { ports: [{ port: 80 }] } });
  await api.create<Pod>(resource.pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } });
}

test('F31 Secrets, pods and services of others never come to the operator; of Secrets that are followed only that they changed', async () => {
  const { api } = platform;
  for (let number = 0; number < 40; number += 1) await foreign(api, `foreign-${number}`);
  await api.create(resource.clusters, aCluster({ name: 'pg' }));
  const seen: string[] = [];
  const turns: string[] = [];
  const stop = new AbortController();
  const controller = createClusterController({
    api: watchedApi(api, ({ metadata }) => seen.push(metadata?.name ?? '')),
    namespaces: [],
    workers: 1,
    reconcile: async ({ name }) => {
      turns.push(name);
      return undefined;
    },
    onError: (_, error) => seen.push(`error ${String(error)}`),
    onWatchFailure: (kind, error) => seen.push(`${kind}: ${String(error)}`),
  });
  const running = controller.run(stop.signal);
  const until = async (what: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 500 && !what(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(what()).toBe(true);
  };
  try {
    await until(() => turns.length > 0);
    await foreign(api, 'foreign-late');
    const followed = { name: 'followed', namespace: 'default', labels: { [label.reload]: '' } };
    const before = turns.length;
    await api.create<Secret>(resource.secrets, { metadata: followed, stringData: { password: 'new' } });
    await until(() => turns.length > before);
  } finally {
    stop.abort();
    await running;
  }
  expect(seen).toContain('followed');
  expect(seen.filter((name) => name.startsWith('foreign') || name.includes('rror'))).toEqual([]);
});
