// Processes are killed at moments of a cluster's birth and life; each time a healthy cluster and every acknowledged row must follow.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pod } from '../src/kube/objects.ts';
import { resource } from '../src/kube/resource-types.ts';
import { label } from '../src/labels.ts';
import { operatorNamespace } from '../src/naming.ts';
import {
  type ClusterObject,
  createCluster,
  hasPrimary,
  instancePods,
  isHealthy,
  waitForCluster,
} from './support/cluster.ts';
import { killManager, killPostgres } from './support/exec.ts';
import { openNamespace, openShared, shared } from './support/shared.ts';
import { connect, connectionConfig } from './support/sql.ts';
import { expectSound } from './support/verdict.ts';
import { waitFor } from './support/wait.ts';
import { WriteLoad } from './support/write-load.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'survival');
});
afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const make = (name: string, instances = 2): Promise<ClusterObject> =>
  createCluster(platform, namespace.name, name, { instances });

/** Loses the operator's pod without a chance to say goodbye. */
async function killOperator(): Promise<void> {
  const { items } = await api.list<Pod>(resource.pods, { namespace: operatorNamespace });
  for (const pod of items) {
    const name = pod.metadata?.name ?? '';
    await api.delete(resource.pods, { namespace: operatorNamespace, name }, { gracePeriodSeconds: 0 });
  }
}

/** SIGKILL to the embedded API server, by the pid that the platform has noted. */
async function killApiServer(): Promise<void> {
  const { data = '' } = shared();
  const noted = JSON.parse(await readFile(path.join(data, 'run', 'apiserver.pid'), 'utf8')) as { pid: number };
  process.kill(noted.pid, 'SIGKILL');
}

const moments: [string, string, (cluster: string) => Promise<unknown>][] = [
  ['the primary is being made', 'begun', () => sleep(300)],
  ['the primary is there', 'born', (name) => waitForCluster(api, namespace.name, name, hasPrimary, 'a primary')],
];

/** Nobody waits for it to be gone. */
const remove = (name: string): Promise<unknown> => api.delete(resource.clusters, { namespace: namespace.name, name });

async function survives(
  name: string,
  moment: (cluster: string) => Promise<unknown>,
  kill: () => Promise<void>,
): Promise<void> {
  await make(name);
  await moment(name);
  await kill();
  await waitForCluster(api, namespace.name, name, isHealthy, 'a healthy cluster');
  await remove(name);
}

test.each(moments)('the operator is killed when %s', (_, cluster, moment) =>
  survives(`${cluster}-unled`, moment, killOperator),
);

if (platform.engine !== 'local')
  process.stdout.write('deaths of the API server SKIPPED here: it is the embedded one that they kill\n');
(platform.engine === 'local' ? test.each(moments) : test.skip.each(moments))(
  'the API server is killed when %s',
  (_, cluster, moment) => survives(`${cluster}-unheard`, moment, killApiServer),
);

test('every Job and every manager is killed once during bootstrap', async () => {
  await make('tough', 3);
  const killed = new Set<string>();
  await waitForCluster(
    api,
    namespace.name,
    'tough',
    (cluster) => isHealthy(cluster) && killed.size >= 6,
    'a healthy cluster, all of whose makers were killed once',
    170_000,
    async () => {
      const labelSelector = `${label.cluster}=tough`;
      for (const { metadata, status } of (
        await api.list<Pod>(resource.pods, { namespace: namespace.name, labelSelector })
      ).items) {
        const [name = '', job] = [metadata?.name, metadata?.labels?.['batch.kubernetes.io/job-name']];
        const started = status?.containerStatuses?.[0]?.state?.running !== undefined;
        if (!started || killed.has(job ?? name)) continue;
        killed.add(job ?? name);
        if (job === undefined) await killManager(platform, namespace.name, name);
        else await api.delete(resource.pods, { namespace: namespace.name, name }, { gracePeriodSeconds: 0 });
      }
    },
  );
  await remove('tough');
});

test('managers and PostgreSQL are killed under load: sessions outlive a manager, and no acknowledged row is lost', async () => {
  await make('lives', 3);
  const { status } = await waitForCluster(api, namespace.name, 'lives', isHealthy, 'a healthy cluster');
  const primary = status?.currentPrimary ?? '';
  const rw = { namespace: namespace.name, cluster: 'lives', to: 'rw' } as const;
  const load = await WriteLoad.start(() => connectionConfig(api, rw));

  await using session = await connect(api, rw);
  const { rows: before } = await session.query('select pg_backend_pid() as pid');
  for (const pod of await instancePods(api, namespace.name, 'lives')) {
    await killManager(platform, namespace.name, pod.metadata?.name ?? '');
  }
  await sleep(2000);
  const { rows: after } = await session.query('select pg_backend_pid() as pid');
  expect(after).toEqual(before);

  const before9 = load.count;
  await killPostgres(platform, namespace.name, primary);
  await waitFor('writes after the crash of PostgreSQL', async () => (load.count > before9 + 50 ? true : undefined));
  await waitForCluster(api, namespace.name, 'lives', isHealthy, 'a healthy cluster again');
  const report = await load.stop();
  for (const pod of await instancePods(api, namespace.name, 'lives')) {
    const to = { instance: pod.metadata?.name ?? '' };
    await waitFor(`every row on ${to.instance}`, async () => {
      await using reader = await connect(api, { ...rw, to });
      await expectSound(reader, report);
      return true;
    });
  }
});
