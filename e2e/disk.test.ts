// Volumes that are full or take no writes. A volume of a known size is a tmpfs that the test mounts, so this needs root and the nodes'
// disks on this machine.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Node } from '../src/kube/objects.ts';
import { resource } from '../src/kube/resource-types.ts';
import { createCluster, instancePods, isHealthy, waitForCluster } from './support/cluster.ts';
import { openNamespace, openShared, shared } from './support/shared.ts';
import { connect, connectionConfig } from './support/sql.ts';
import { expectSound } from './support/verdict.ts';
import { waitFor } from './support/wait.ts';
import { WriteLoad } from './support/write-load.ts';

const run = promisify(execFile);
const platform = openShared();
const { api } = platform;
const cannot =
  shared().engine !== 'local'
    ? 'the disks of this engine are not ours'
    : process.getuid?.() === 0
      ? undefined
      : 'only root mounts volumes';
if (cannot !== undefined) process.stderr.write(`disk.test.ts: full and read-only disks SKIPPED: ${cannot}\n`);
const withDisks = cannot === undefined ? test : test.skip;

let namespace: Awaited<ReturnType<typeof openNamespace>>;
let parent: string;
const mounted: string[] = [];

beforeAll(async () => {
  namespace = await openNamespace(platform, 'disk');
  parent = await mkdtemp(path.join(tmpdir(), 'howdah-disk-'));
  await chmod(parent, 0o711);
});
afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  // The pods go with their namespace, and the volumes are busy until they have.
  for (const directory of mounted) {
    await waitFor(`${directory} to be left`, async () => {
      await run('umount', [directory]);
      return true;
    });
  }
  await rm(parent, { recursive: true, force: true });
  await platform[Symbol.asyncDispose]();
});

/** A cluster of one instance whose only volume is `megabytes` large. */
async function onDisk(name: string, megabytes: number): Promise<string> {
  const directory = path.join(parent, name);
  await mkdir(directory);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', directory]);
  mounted.push(directory);
  const { items } = await api.list<Node>(resource.nodes, {});
  const values = [items[0]?.metadata?.labels?.['kubernetes.io/hostname'] ?? ''];
  const volume = `${namespace.name}-${name}`;
  await api.create(resource.persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume },
    spec: {
      capacity: { storage: `${megabytes}Mi` },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
      local: { path: directory },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }],
        },
      },
    },
  });
  await createCluster(platform, namespace.name, name, {
    storage: { size: `${megabytes}Mi`, pvcTemplate: { volumeName: volume, storageClassName: '' } },
    postgresql: { parameters: { min_wal_size: '32MB', max_wal_size: '64MB' } },
  });
  await waitForCluster(api, namespace.name, name, isHealthy, 'a ready instance');
  return directory;
}

const open = (cluster: string) => connect(api, { namespace: namespace.name, cluster, to: 'rw' });

async function allAcknowledgedAreThere(cluster: string, load: WriteLoad): Promise<void> {
  const report = await load.stop();
  await using session = await open(cluster);
  await expectSound(session, report);
}

withDisks('F25 a full disk is said, waits without crashing, and serves again when there is room', async () => {
  const directory = await onDisk('full', 260);
  const load = await WriteLoad.start(() =>
    connectionConfig(api, { namespace: namespace.name, cluster: 'full', to: 'rw' }),
  );
  await waitFor('some commits', async () => (load.count > 50 ? true : undefined));
  {
    await using session = await open('full');
    await session.query('create table filler (content text)');
    // Incompressible, so that it takes the room it looks like; until nothing more fits, be it data or WAL.
    const fill = `insert into filler select string_agg(md5(random()::text), '') from generate_series(1, 200000) i group by i % 1000`;
    await expect(
      (async () => {
        for (let i = 0; i < 100; i += 1) await session.query(fill);
      })(),
    ).rejects.toThrow();
  }
  // Whatever PostgreSQL leaves over: the rest is taken away from it, and then it is ended.
  await run('fallocate', ['-l', '1T', path.join(directory, 'rest')]).catch(() => undefined);
  await run('dd', ['if=/dev/zero', `of=${path.join(directory, 'rest')}`, 'bs=64k']).catch(() => undefined);
  const [pod] = await instancePods(api, namespace.name, 'full');
  await api.delete(resource.pods, { namespace: namespace.name, name: pod?.metadata?.name ?? '' });
  const full = await waitForCluster(
    api,
    namespace.name,
    'full',
    ({ status }) => status?.phase === 'Not enough disk space',
    'a report of the full disk',
  );
  expect(full.status?.phaseReason).toContain('full-1');

  await run('mount', ['-o', 'remount,size=1024m', directory]);
  await waitForCluster(api, namespace.name, 'full', isHealthy, 'health with more room');
  await allAcknowledgedAreThere('full', load);
});

const fence = (cluster: string, instances: string) =>
  api.patch(
    resource.clusters,
    { namespace: namespace.name, name: cluster },
    { metadata: { annotations: { 'cnpg.io/fencedInstances': instances } } },
  );

withDisks('a disk that is read-only is said, and all is there when it takes writes again', async () => {
  const directory = await onDisk('sealed', 400);
  const load = await WriteLoad.start(() =>
    connectionConfig(api, { namespace: namespace.name, cluster: 'sealed', to: 'rw' }),
  );
  await waitFor('some commits', async () => (load.count > 50 ? true : undefined));
  // The kernel seals no disk under files that are open for writing: PostgreSQL has to be down for a moment.
  await fence('sealed', '["*"]');
  await waitFor('the disk to be sealed', async () => {
    await run('mount', ['-o', 'remount,ro', directory]);
    return true;
  });
  await fence('sealed', '');
  const sealed = await waitForCluster(
    api,
    namespace.name,
    'sealed',
    ({ status }) => /read-only/i.test(status?.phaseReason ?? ''),
    'a report of the read-only disk',
  );
  expect(sealed.status?.phaseReason).toContain('sealed-1');
  await run('mount', ['-o', 'remount,rw', directory]);
  await waitForCluster(api, namespace.name, 'sealed', isHealthy, 'health on a disk that takes writes');
  await allAcknowledgedAreThere('sealed', load);
});
