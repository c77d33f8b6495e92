// A runner of backups over two objects of an API server, and a standby for it.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { KubeError } from '../../kube/errors.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import { ArchivePlaceUnknown } from '../../resources/archive-place.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import { silent } from '../recovery/testing.ts';
import { clone } from '../replication/clone.ts';
import type { Archive } from '../wal/archive-source.ts';
import type { Backup, BackupCluster } from './objects.ts';
import { type RunBackup, runBackup } from './run-backup.ts';
import { BackupRunner } from './runner.ts';

type Stored = KubeObject & { status?: Record<string, unknown> };

/** The calls of the API server that a runner makes, over two objects. */
export function aKube(backup: Backup) {
  const cluster: BackupCluster = { metadata: { name: 'c', namespace: 'n', resourceVersion: '1' } };
  const objects: Record<string, Stored> = { backups: backup as Stored, clusters: cluster };
  const phases: string[] = [];
  let conflicts = 1;
  const kube = {
    get: (type: ResourceType) => Promise.resolve(structuredClone(objects[type.plural])),
    patchStatus(type: ResourceType, _: unknown, patch: { status: Record<string, unknown> }) {
      const object = objects[type.plural] as Stored;
      object.status = { ...object.status, ...patch.status };
      if (typeof patch.status['phase'] === 'string') phases.push(patch.status['phase']);
      return Promise.resolve(object);
    },
    replaceStatus(type: ResourceType, object: Stored) {
      if (conflicts-- > 0) return Promise.reject(new KubeError(409, { reason: 'Conflict' }, 'replace'));
      objects[type.plural] = object;
      return Promise.resolve(object);
    },
  } as unknown as KubeApi;
  return {
    kube,
    objects,
    phases,
    backup: () => objects['backups'] as Backup,
    cluster: () => objects['clusters'] as BackupCluster,
  };
}

export const started = (podName: string): Backup => ({
  metadata: { name: 'b', namespace: 'n', uid: 'u' },
  spec: { cluster: { name: 'c' } },
  status: { phase: 'started', instanceID: { podName } },
});

export const section = {
  destinationPath: 's3://backups/p',
  endpointURL: 'http://store',
  s3Credentials: { accessKeyId: { name: 's', key: 'k' } },
};

/** What runners have told, `<kind> <name>: <reason>`; to be emptied after each test. */
export const events: string[] = [];

/** This program as it is here, without a bundle. */
const program = path.join(path.dirname(path.dirname(import.meta.dirname)), 'bin/howdah.ts');
export const worker = {
  file: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', program, 'instance', 'backup-worker', '--log-level=error'],
};

export function aRunner(
  kube: KubeApi,
  server: TemporaryPostgres,
  archive: Archive,
  podName: string,
  isPrimary: boolean,
  perform: (run: RunBackup) => Promise<{ id: string; stoppedAt: Date }> = runBackup,
) {
  let asked = 0;
  return new BackupRunner({
    ...{ kube, namespace: 'n', clusterName: 'c', podName },
    source: { get: () => Promise.resolve(archive) },
    // Where it is, is not known at first, as of an ObjectStore that nobody has asked for before.
    section: () => {
      if (asked++ === 0) throw new ArchivePlaceUnknown('ObjectStore "s" is not known yet');
      return { section, field: 'f', defaultServer: 'one' };
    },
    sql: server.connection(),
    replication: () => ({ host: server.socketDirectory, port: server.port, user: 'postgres' }),
    isPrimary: () => isPrimary,
    perform,
    events: { emit: (about, { reason }) => void events.push(`${about.kind} ${about.metadata?.name}: ${reason}`) },
    log: silent,
    walPatience: 20_000,
  });
}

/** A standby of `primary`, made as a manager makes one. */
export async function aStandby(
  primary: TemporaryPostgres,
  settings: Readonly<Record<string, string>> = {},
): Promise<TemporaryPostgres> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwk-'));
  const place = { data: `${root}/d`, tablespaces: `${root}/t` };
  const origin = { host: primary.socketDirectory, port: primary.port, user: 'postgres' };
  await clone(origin, place, { label: 'x', log: silent, signal: AbortSignal.timeout(30_000) });
  const { user, major } = primary.installation;
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, root]);
  const server = await temporaryPostgres({
    major,
    dataDirectory: place.data,
    settings: { primary_conninfo: `host=${primary.socketDirectory} user=postgres`, ...settings },
  });
  const end = server[Symbol.asyncDispose].bind(server);
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await end();
      await rm(root, { recursive: true, force: true });
    },
  });
}

/** `first` has the backup; the primary's manager looks at the same object from time to time. */
export async function passOn(
  first: BackupRunner,
  primary: BackupRunner,
  backup: () => Backup,
  signal: AbortSignal,
): Promise<void> {
  let over = false;
  const done = first.pass([backup()], signal).finally(() => (over = true));
  while (!over) {
    await primary.pass([backup()], signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await done;
}
