import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig, Log } from '@kubernetes/client-node';
import { instancePods } from './cluster.ts';
import type { Platform } from './platform.ts';

/** Keeps the logs of a cluster's pods, which are gone with their namespace; returns the directory. */
export async function keepLogs({ api, kubeconfig }: Platform, namespace: string, cluster: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'howdah-logs-'));
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const log = new Log(config);
  for (const { metadata } of await instancePods(api, namespace, cluster)) {
    const pod = metadata?.name ?? '';
    for (const previous of [false, true]) {
      const stream = new PassThrough();
      const file = createWriteStream(path.join(directory, `${pod}${previous ? '.previous' : ''}.log`));
      const written = pipeline(stream, file);
      await log.log(namespace, pod, 'postgres', stream, { follow: false, previous }).catch(() => stream.end());
      await Promise.race([written, sleep(5000)]);
    }
  }
  return directory;
}
