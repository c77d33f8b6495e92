import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, fault } from '../../e2e/support/faults/fault.ts';
import { nodeFaults, nodeOf } from '../../e2e/support/faults/nodes.ts';
import { signal } from '../../e2e/support/faults/processes.ts';
import { settled } from '../../e2e/support/faults/settled.ts';
import type { Platform } from '../../e2e/support/platform.ts';
import { openNamespace } from '../../e2e/support/shared.ts';
import { connect, connectionConfig } from '../../e2e/support/sql.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import { WriteLoad, lostAndFound } from '../../e2e/support/write-load.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { type Floor, measureFloor } from './failover-floor.ts';
import type { Figure } from './figures.ts';

const cluster = 'bench';
/** Milliseconds after which a client gives up a statement: what was sent to a node without power is never answered. */
const patience = 1500;

interface Subject {
  readonly platform: Platform;
  readonly namespace: string;
}

interface FaultKind {
  readonly what: string;
  /** Repaired after the writes have gone on. */
  readonly harm: (subject: Subject, primary: string) => Promise<Fault>;
  /** Milliseconds. */
  readonly limit: number;
  readonly floor: keyof Floor;
  readonly ofNode?: boolean;
}

const nothing = fault(async () => undefined);

export const faultKinds: Record<string, FaultKind> = {
  crash: {
    what: 'postgres killed, its manager alive',
    harm: async (subject, pod) => signal({ ...subject, pod }, 'postgres', 'KILL').then(() => nothing),
    limit: 1000,
    floor: 'restart',
  },
  'pod-deleted': {
    what: 'pod deleted with 1 s of grace',
    harm: async ({ platform, namespace }, name) => {
      await platform.api.delete(resource.pods, { namespace, name }, { gracePeriodSeconds: 1 });
      return nothing;
    },
    limit: 2000,
    floor: 'promote',
  },
  switchover: {
    what: 'switchover',
    harm: async ({ platform, namespace }, primary) => {
      const targetPrimary = `${cluster}-${(Number(primary.at(-1)) % 3) + 1}`;
      await platform.api.patchStatus(resource.clusters, { namespace, name: cluster }, { status: { targetPrimary } });
      return nothing;
    },
    limit: 1500,
    floor: 'promote',
  },
  'node-lost': {
    what: 'node without power, asynchronous (lease 15 s)',
    harm: async (subject, pod) => {
      const nodes = nodeFaults();
      if (!nodes) throw new Error('the nodes of this Kubernetes cannot be switched off from here');
      return nodes.powerOff(await nodeOf({ ...subject, pod }));
    },
    limit: 17_000,
    floor: 'promote',
    ofNode: true,
  },
};

interface Run {
  readonly gap: number;
  readonly lost: number;
  readonly acknowledged: number;
}

async function once(subject: Subject, kind: FaultKind, table: string): Promise<Run> {
  const { platform, namespace } = subject;
  const rw = { namespace, cluster, to: 'rw' } as const;
  const primary = await settled(platform, namespace, cluster);
  const load = await WriteLoad.start(() => connectionConfig(platform.api, rw), { table, patience });
  const more = async (count: number): Promise<void> => {
    const goal = load.count + count;
    await waitFor('writes', async () => (load.count >= goal ? true : undefined), { timeout: 120_000, every: 20 });
  };
  await more(200);
  await using harm = await kind.harm(subject, primary);
  // A fault that takes a moment to begin must not be missed.
  await sleep(700);
  await more(200);
  const report = await load.stop();
  await harm.repair();
  await settled(platform, namespace, cluster);
  await using session = await connect(platform.api, rw);
  const { lost, twice, unknown } = await lostAndFound(session, report, table);
  if (twice.length + unknown.length > 0)
    throw new Error(`${table}: ${twice.length} rows twice, ${unknown.length} unknown`);
  await session.query(`drop table ${table}`);
  return { gap: report.longestGap, lost: lost.length, acknowledged: report.acknowledged.size };
}

function figure(kind: FaultKind, runs: readonly Run[], floor: Floor): Figure {
  const sum = (of: 'lost' | 'acknowledged'): number => runs.reduce((total, run) => total + run[of], 0);
  return {
    what: `${kind.what}; ${sum('lost')} of ${sum('acknowledged')} acknowledged lost`,
    unit: 'ms',
    samples: runs.map(({ gap }) => gap),
    target: { limit: kind.limit, better: 'less' },
    floor: { what: `PostgreSQL's own ${kind.floor}`, value: floor[kind.floor] },
  };
}

/** Longest gap between two acknowledged commits of four clients that insert through -rw; node faults are done a fifth as often. */
export async function failover(platform: Platform, runs: number, only: readonly string[]): Promise<Figure[]> {
  await measureFloor();
  const floor = await measureFloor();
  await using namespace = await openNamespace(platform, 'bench');
  await platform.api.create(resource.clusters, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: cluster, namespace: namespace.name },
    spec: { instances: 3, imageName: platform.image(18), storage: { size: '1Gi' } },
  });
  const subject = { platform, namespace: namespace.name };
  const figures: Figure[] = [];
  for (const [name, kind] of Object.entries(faultKinds)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const done: Run[] = [];
    for (let run = 0; run < (kind.ofNode ? Math.ceil(runs / 5) : runs); run += 1) {
      done.push(await once(subject, kind, `t${done.length}`));
      process.stderr.write(`${name} ${done.length}: ${done.at(-1)?.gap.toFixed(0)} ms, ${done.at(-1)?.lost} lost\n`);
    }
    figures.push(figure(kind, done, floor));
  }
  return figures;
}
