import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { NodeContext } from './context.ts';
import { nodeDirectory, type PodRecord } from '../model/records.ts';
import { PodVolumes } from './volumes.ts';

test('a pod whose volumes are closed can be removed: a refresh that is under way does not make its directory again', async () => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwv-'));
  const directory = nodeDirectory(root);
  let answer: (found: Record<string, Buffer>) => void = () => undefined;
  const asked = Promise.withResolvers<void>();
  const configMap = (): Promise<Record<string, Buffer>> => {
    asked.resolve();
    return new Promise((resolve) => (answer = resolve));
  };
  const context = { directory, refreshMs: 1, mounter: { directory, sources: { data: { configMap } } } };
  const pod = {
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: { containers: [], volumes: [{ name: 'config', configMap: { name: 'c' } }] },
  };
  const record = { pod, ip: '127.0.0.2', containers: {}, volumes: {} };
  const volumes = new PodVolumes(context as unknown as NodeContext, record as unknown as PodRecord);
  volumes.refreshFromNowOn();
  await asked.promise;
  let closed = false;
  const closing = volumes.close().then(() => (closed = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(closed).toBe(false);
  answer({ a: Buffer.from('x') });
  await closing;
  expect(existsSync(directory.volume('u', 'config'))).toBe(true);
  await rm(directory.pod('u'), { recursive: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(existsSync(directory.pod('u'))).toBe(false);
  await rm(root, { recursive: true });
});
