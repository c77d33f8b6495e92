import { createWriteStream } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { KubeConfig, Log } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import type { Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { operatorNamespace } from '../../src/naming.ts';
import { s3Client } from './bucket.ts';
import { bucket } from './cluster.ts';
import type { Platform } from './platform.ts';

/**
 * Keeps the logs of a namespace's pods and of the operator, the objects around them, which go with their namespace, and what the archives
 * hold that are named after it; returns the directory.
 */
export async function keepLogs(platform: Platform, namespace: string): Promise<string> {
  const { api } = platform;
  const directory = await mkdtemp(path.join(tmpdir(), 'howdah-logs-'));
  const { clusters, leases, pods, persistentVolumeClaims, jobs, backups, events } = resource;
  for (const type of [clusters, leases, pods, persistentVolumeClaims, jobs, backups, events]) {
    const found = await api.list(type, { namespace });
    await writeFile(path.join(directory, `${type.plural}.yaml`), stringify(found.items));
  }
  for (const place of [namespace, operatorNamespace]) {
    const { items } = await api.list<Pod>(resource.pods, { namespace: place });
    for (const pod of items)
      for (const { name } of pod.spec?.containers ?? []) await keepLog(platform, pod, name, directory);
  }
  await writeFile(path.join(directory, 'archive.txt'), await archived(platform, namespace).catch(String));
  return directory;
}

async function archived({ objectStore }: Platform, server: string): Promise<string> {
  const client = s3Client(objectStore);
  try {
    const lines: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${server}/` }))
      for (const { Key, Size, LastModified } of Contents) lines.push(`${LastModified?.toISOString()} ${Size} ${Key}\n`);
    return lines.join('');
  } finally {
    client.destroy();
  }
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
