import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { resource } from '../../kube/resource-types.ts';
import { findTree } from './container/tree.ts';
import type { Pod } from './model/types.ts';
import { TestPlatform } from './testing/platform.ts';

jest.setTimeout(60_000);
let platform: TestPlatform;
beforeEach(async () => {
  platform = await TestPlatform.start();
});
afterEach(() => platform[Symbol.asyncDispose]());

const main = (pod: Pod) => pod.status?.containerStatuses?.[0];
const running = (pod: Pod): boolean => main(pod)?.state.running !== undefined;
const config = { volumes: [{ name: 'config', configMap: { name: 'config' } }] };
const container = {
  name: 'main',
  image: 'any',
  command: ['sh', '-c', 'cat /config/a; while :; do sleep 0.1; done'],
  env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'config', key: 'a' } } }],
  volumeMounts: [{ name: 'config', mountPath: '/config' }],
};
const mainPid = (pod: Pod, attempt: number): number => {
  const file = path.join(platform.settings.root, 'pods', pod.metadata.uid, 'containers/main', String(attempt), 'main');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
};

test('without its API server a node keeps containers running, restarts those that end, and tells of it later', async () => {
  await platform.create(resource.configMaps, { metadata: { name: 'config', namespace: 'default' }, data: { a: 'x' } });
  await platform.createPod('outage', { ...config, containers: [container] });
  const pod = await platform.podWhen('outage', running, 'runs');
  const back = await platform.stopApiServer();
  process.kill(mainPid(pod, 0), 'SIGKILL');
  await platform.until(
    () => mainPid(pod, 1) > 0 && findTree({ marker: `${pod.metadata.uid}/main/1` }).length > 1,
    'runs again',
  );
  await back();
  const later = await platform.podWhen('outage', (it) => main(it)?.restartCount === 1 && running(it), 'is told');
  expect(main(later)?.lastState.terminated?.exitCode).toBe(137);
});

test('a node that starts without an API server takes up its containers and leaves them alone', async () => {
  await platform.create(resource.configMaps, { metadata: { name: 'config', namespace: 'default' }, data: { a: 'x' } });
  await platform.createPod('alone', { ...config, containers: [container] });
  const pod = await platform.podWhen('alone', running, 'runs');
  const before = mainPid(pod, 0);
  const back = await platform.stopApiServer();
  await platform.endNode('SIGKILL');
  await platform.startNode();
  await delay(1500);
  // The shim and the container's own process; the short sleeps come and go.
  expect(findTree({ marker: pod.metadata.uid }).length).toBeGreaterThanOrEqual(2);
  expect([mainPid(pod, 0), mainPid(pod, 1)]).toEqual([before, 0]);
  await back();
  await platform.until(
    async () => (await platform.pod('alone').catch(() => undefined)) !== undefined,
    'the API server is back',
  );
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'alone' });
  await platform.gone('alone');
  expect(findTree({ marker: pod.metadata.uid })).toEqual([]);
  // The pod leaves the API first, its files a moment later.
  await platform.until(() => readdirSync(path.join(platform.settings.root, 'pods')).length === 0, 'its files are gone');
});
