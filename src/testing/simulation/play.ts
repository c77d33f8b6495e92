// One run: a healthy beginning, faults, and the time after them in which everything must become well again.
import { resource } from '../../kube/resource-types.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import { Checker, type Violation } from './checker.ts';
import { encodeControl } from './control-file.ts';
import { type Fault, makeFaults, strike } from './faults.ts';
import { unhealthy } from './health.ts';
import { startManager } from './manager.ts';
import { Random } from './random.ts';
import { stage } from './stage.ts';
import { firstLsn, Wal } from './wal.ts';
import { clusterName, copyData, namespace, World } from './world.ts';

/** Milliseconds of simulated time. */
const beginning = 2200;
const faultsEnd = 12_000;
/** What flaps is not well. */
const wellFor = 1000;
const recovery = 60_000;
const loadEvery = 60;

export interface PlayOptions {
  readonly seed: number;
  /** Instead of those that the seed makes. */
  readonly faults?: readonly Fault[];
  readonly instances?: number;
  readonly transcript?: boolean;
  readonly verbose?: boolean;
}

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly faults: readonly Fault[];
  readonly transcript: readonly string[];
  readonly unknownStatements: readonly string[];
  readonly acknowledged: number;
  readonly simulatedMs: number;
  readonly events: number;
}

const cluster = (names: readonly string[]): Cluster => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: clusterName, namespace },
  spec: {
    instances: names.length,
    storage: { size: '1Gi' },
    primaryLease: { leaseDurationSeconds: 5, renewDeadlineSeconds: 2, retryPeriodSeconds: 1 },
  },
  status: { instanceNames: [...names], targetPrimary: names[0] ?? '' },
});

/** A directory as initdb made it on the first machine, and clones of it on the others. */
function layOut(world: World): void {
  const [first, ...others] = world.machines;
  if (!first) return;
  const at = (name: string): string => `${first.data}/${name}`;
  const control = {
    state: 'shut down',
    checkpoint: firstLsn,
    timeline: 1,
    minRecovery: 0,
    minRecoveryTimeline: 0,
  } as const;
  first.files.writeDurably(at('PG_VERSION'), '17\n');
  first.files.writeDurably(at('postgresql.conf'), '');
  first.files.writeDurably(at('global/pg_control'), encodeControl(control));
  first.files.writeDurably(at('pg_wal/.log'), new Wal());
  first.files.mkdir(at('pg_wal'));
  for (const { files, paths } of world.machines) {
    for (const name of ['server-ca.crt', 'streaming_replica.crt', 'streaming_replica.key']) {
      files.writeDurably(`${paths.certificates}/${name}`, name);
    }
  }
  for (const other of others) copyData(first, other.files, other.data);
  const { store } = world.api;
  store.create(resource.clusters, cluster(world.machines.map(({ name }) => name)));
  store.create(resource.leases, { metadata: { name: clusterName, namespace } });
  for (const { name } of world.machines) store.create(resource.pods, { metadata: { name, namespace, labels: {} } });
}

/** A client on every machine, so that whoever would take a write is found out. */
function load(world: World): void {
  for (const machine of world.machines) {
    const next = (): void => {
      if (machine.on && !machine.paused) machine.postgres?.commit();
      world.scheduler.after(world.random.between(loadEvery / 2, loadEvery * 2), next);
    };
    world.scheduler.after(0, next);
  }
}

export async function play(options: PlayOptions): Promise<Outcome> {
  const { seed } = options;
  const plan = new Random(seed + 0x5eed);
  const drawn = plan.chance(0.2) ? 2 : 3;
  const instances = options.instances ?? drawn;
  const transcript: string[] = [];
  const note = (home: string, text: string): void => {
    if (options.transcript === true)
      transcript.push(`${(world.scheduler.now / 1000).toFixed(3).padStart(7)} ${home.padEnd(6)} ${text}`);
  };
  const checker = new Checker(
    () => world.scheduler.now,
    (name) => world.machine(name).thawedAt,
  );
  const world: World = new World({
    ...{ seed, instances, witness: checker, start: startManager, note },
    told: options.transcript === true ? (options.verbose === true ? 'all' : 'much') : 'nothing',
    onChange: (change) => checker.changed(change),
  });
  stage.world = world;
  const names = world.machines.map(({ name }) => name);
  const faults = options.faults ?? makeFaults(plan, names, { from: beginning, to: faultsEnd, most: 5 });
  layOut(world);
  for (const machine of world.machines) {
    world.scheduler.after(world.random.between(0, 500), () => machine.startContainer());
  }
  load(world);
  strike(world, faults, (text) => note('', text));
  const last = Math.max(beginning, ...faults.map(({ at, lasts }) => at + lasts));
  let well: number | undefined;
  const look = (): void => {
    const problem = unhealthy(world);
    if (problem === undefined) well ??= world.scheduler.now;
    else well = undefined;
    if (world.scheduler.now > last + recovery) {
      checker.violation ??= {
        invariant: `becomes well again: ${problem ?? 'it has, too late'}`,
        at: world.scheduler.now,
      };
    }
    world.scheduler.after(250, look);
  };
  world.scheduler.at(last, look);
  const done = (): boolean =>
    checker.violation !== undefined || (well !== undefined && world.scheduler.now - well > wellFor);
  await world.scheduler.run(Infinity, done);
  stage.world = undefined;
  return {
    ...{ seed, faults, transcript, violation: checker.violation },
    unknownStatements: [...world.unknownStatements],
    acknowledged: checker.acknowledgements.length,
    simulatedMs: world.scheduler.now,
    events: world.scheduler.events,
  };
}
