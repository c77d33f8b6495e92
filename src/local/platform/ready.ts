import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label, podRole } from '../../labels.ts';
import { operatorDeployment, operatorNamespace } from '../../naming.ts';
import type { Deployment, Lease, Node, Pod } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { groupVersion, resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type LocalConfig, UserError, places } from './config.ts';
import { liveRecords, readRecord } from './processes.ts';
import { roles } from './roles.ts';
import { supervisorName } from './shutdown.ts';

const tooManyFailures = 5;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

export const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditions?.some((it) => it.type === type && it.status === 'True') ?? false;

const nameOf = (object: KubeObject): string => object.metadata?.name ?? '';

async function lastLines(config: LocalConfig, name: string): Promise<string> {
  const file = path.join(places(config).logs, `${name}.log`);
  const text = await readFile(file, 'utf8').catch(() => '');
  return `${file}:\n${text.trimEnd().split('\n').slice(-5).join('\n')}`;
}

/** Ends the wait when waiting is in vain: the supervisor is gone, or a process dies again and again. */
async function assertAlive(config: LocalConfig): Promise<void> {
  const run = places(config).run;
  if (!(await liveRecords(run)).has(supervisorName)) {
    throw new UserError(`the supervisor has ended; ${await lastLines(config, supervisorName)}`);
  }
  for (const { name } of roles(config)) {
    const failures = (await readRecord(run, name))?.failures ?? 0;
    if (failures >= tooManyFailures) throw new UserError(`${name} keeps dying; ${await lastLines(config, name)}`);
  }
}

/** Asks until the answer is true. `what` names it when time is over. */
async function until(
  config: LocalConfig,
  what: string,
  milliseconds: number,
  signal: AbortSignal,
  ask: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  let last: unknown;
  for (;;) {
    const yes = await ask().catch((error: unknown) => {
      last = error;
      return false;
    });
    if (yes) return;
    signal.throwIfAborted();
    await assertAlive(config);
    if (performance.now() > deadline) {
      const why = last instanceof Error ? ` (${last.message})` : '';
      throw new UserError(`${what}: not within ${milliseconds / 1000} s${why}; logs are in ${places(config).logs}`);
    }
    await sleep(100, undefined, { signal });
  }
}

export const apiReady = (config: LocalConfig, api: KubeApi, signal: AbortSignal): Promise<void> =>
  until(
    config,
    'API server ready',
    30_000,
    signal,
    async () => (await api.raw('GET', '/readyz', { signal })).status === 200,
  );

/** All nodes are Ready and have said so since `since` (milliseconds): what is left from before a stop does not count. */
export const nodesReady = (config: LocalConfig, api: KubeApi, since: number, signal: AbortSignal): Promise<void> =>
  until(config, 'all nodes Ready', 60_000, signal, async () => {
    const [nodes, leases] = await Promise.all([
      api.list<Node>(resource.nodes, { signal }),
      api.list<Lease>(resource.leases, { namespace: 'kube-node-lease', signal }),
    ]);
    const ready = new Set(nodes.items.filter((it) => isTrue(it.status?.conditions, 'Ready')).map(nameOf));
    const alive = new Set(leases.items.filter((it) => Date.parse(it.spec?.renewTime ?? '') >= since).map(nameOf));
    return config.nodes.every((name) => ready.has(name) && alive.has(name));
  });

/** Asks as a user would, without making anything: admission has to get through to the operator. */
async function admits(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  const path = `/apis/${groupVersion(resource.clusters)}/namespaces/default/clusters?dryRun=All`;
  const body = {
    apiVersion: groupVersion(resource.clusters),
    kind: resource.clusters.kind,
    metadata: { generateName: 'dry-run-' },
    spec: { instances: 1, storage: { size: '1Gi' } },
  };
  const answer = await api.raw('POST', path, { body, signal });
  if (answer.status >= 300) throw new Error(answer.body.slice(0, 300));
  return true;
}

export const operatorReady = (config: LocalConfig, api: KubeApi, signal: AbortSignal): Promise<void> =>
  until(config, 'operator available', 90_000, signal, async () => {
    const key = { namespace: operatorNamespace, name: operatorDeployment };
    const deployment = await api.get<Deployment>(resource.deployments, key, { signal });
    const current = (deployment?.status?.observedGeneration ?? 0) >= (deployment?.metadata?.generation ?? 1);
    const available = isTrue(deployment?.status?.conditions, 'Available');
    return current && available && (deployment?.status?.updatedReplicas ?? 0) > 0 && (await admits(api, signal));
  });

/** All Cluster objects and all their instances report Ready. */
export const clustersReady = (config: LocalConfig, api: KubeApi, signal: AbortSignal): Promise<void> =>
  until(config, 'all clusters Ready', 300_000, signal, async () => {
    const instances = `${label.podRole}=${podRole.instance}`;
    const [clusters, pods] = await Promise.all([
      api.list<KubeObject & { status?: { conditions?: Condition[] } }>(resource.clusters, { signal }),
      api.list<Pod>(resource.pods, { labelSelector: instances, signal }),
    ]);
    return [...clusters.items, ...pods.items].every((it) => isTrue(it.status?.conditions, 'Ready'));
  });
