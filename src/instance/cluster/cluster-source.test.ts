import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import pino from 'pino';
import type { Cluster } from '../../api/generated/cluster.ts';
import { aCluster } from '../../api/testing/a-cluster.ts';
import type { KubeApi } from '../../kube/port.ts';
import { ClusterSource } from './cluster-source.ts';

const version = (resourceVersion: number): Cluster => {
  const cluster = aCluster({});
  return { ...cluster, metadata: { ...cluster.metadata, resourceVersion: String(resourceVersion) } };
};

/** An API server that tells of a hundred changes at once. */
const busy = (signal: AbortSignal): KubeApi =>
  ({
    list: () => Promise.resolve({ items: [version(1)], metadata: { resourceVersion: '1' } }),
    async *watch() {
      for (let at = 2; at <= 100; at++) yield { type: 'MODIFIED', object: version(at) };
      await delay(600_000, undefined, { signal }).catch(() => undefined);
    },
  }) as unknown as KubeApi;

test('the copy on disk is of what was seen last, however fast one change follows another', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwc-'));
  const stop = new AbortController();
  const cacheFile = path.join(directory, 'state', 'cluster.json');
  const log = pino({ level: 'silent' });
  const options = { kube: busy(stop.signal), namespace: 'default', name: 'example', cacheFile, log };
  const source = new ClusterSource(options);
  const running = source.run(stop.signal);
  try {
    while (source.current?.metadata.resourceVersion !== '100') await delay(5);
    for (let text = ''; !text.includes('"100"'); await delay(5)) {
      text = await readFile(cacheFile, 'utf8').catch(() => '');
    }
    expect(await readdir(path.dirname(cacheFile))).toEqual(['cluster.json']);
  } finally {
    stop.abort();
    await running;
    await rm(directory, { recursive: true });
  }
});

test('an answer to the first list that never comes is not waited for', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwc-'));
  const stop = new AbortController();
  const kube = {
    list: () => new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(new Error('over')))),
    get: () => Promise.resolve(version(7)),
  } as unknown as KubeApi;
  const cacheFile = path.join(directory, 'cluster.json');
  const source = new ClusterSource({
    kube,
    namespace: 'default',
    name: 'example',
    cacheFile,
    log: pino({ level: 'silent' }),
  });
  const running = source.run(stop.signal);
  try {
    while (!source.seen) await delay(20);
    expect(source.current?.metadata.resourceVersion).toBe('7');
  } finally {
    stop.abort();
    await running;
    await rm(directory, { recursive: true });
  }
});
