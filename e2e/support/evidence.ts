import { createWriteStream } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig, Log } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import type { Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { operatorNamespace } from '../../src/naming.ts';
import { instancePods } from './cluster.ts';
import type { Platform } from './platform.ts';

/** Keeps the logs of a cluster's pods and of the operator, and the objects around them, which go with their namespace; returns the directory. */
export async function keepLogs(platform: Platform, namespace: string, cluster: string): Promise<string> {
  const { api } = platform;
  const directory = await mkdtemp(path.join(tmpdir(), 'howdah-logs-'));
  const { clusters, leases, pods, persistentVolumeClaims, jobs, backups, events } = resource;
  for (const type of [clusters, leases, pods, persistentVolumeClaims, jobs, backups, events]) {
    const found = await api.list(type, { namespace });
    await writeFile(path.join(directory, `${type.plural}.yaml`), stringify(found.items));
  }
  const instances = await instancePods(api, namespace, cluster);
  const operator = await api.list<Pod>(resource.pods, { namespace: operatorNamespace });
  for (const pod of instances) await keepLog(platform, pod, 'postgres', directory);
  for (const pod of operator.items) await keepLog(platform, pod, 'manager', directory);
  return directory;
}

async function keepLog({ kubeconfig }: Platform, pod: Pod, container: string, directory: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const log = new Log(config);
  const { name = '', namespace = '' } = pod.metadata ?? {};
  for (const previous of [false, true]) {
    const stream = new PassThrough();
    const file = createWriteStream(path.join(directory, `${name}${previous ? '.previous' : ''}.log`));
    const written = pipeline(stream, file);
    await log.log(namespace, name, container, stream, { follow: false, previous }).catch(() => stream.end());
    await Promise.race([written, sleep(5000)]);
  }
}
