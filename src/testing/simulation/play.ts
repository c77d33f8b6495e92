// One run: a healthy beginning, faults, and the time after them in which everything must become well again.
import { resource } from '../../kube/resource-types.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import { Checker, type Violation } from './checker.ts';
import { encodeControl } from './control-file.ts';
import type { Fault } from './fault.ts';
import { makeFaults, strike } from './faults.ts';
import { unhealthy } from './health.ts';
import type { Machine } from './machine.ts';
import { startManager } from './manager.ts';
import { drawMode, type Mode, modes } from './modes.ts';
import { OperatorChecker } from './operator/checker.ts';
import { Controllers } from './operator/controllers.ts';
import { makeOperatorFaults } from './operator/faults.ts';
import { Operators } from './operator/operators.ts';
import { Random } from './random.ts';
import { stage } from './stage.ts';
import { firstLsn, Wal } from './wal.ts';
import { clusterName, namespace } from './names.ts';
import { copyData, World } from './world.ts';

/** Milliseconds of simulated time. */
const beginning = 2200;
const faultsEnd = 12_000;
const operatedFaultsEnd = 8000;
/** What flaps is not well. */
const wellFor = 1000;
const recovery = 60_000;
/** A lease that is gone is made again long before, if anybody may. */
const patience = 15_000;
const loadEvery = 60;

export interface PlayOptions {
  readonly seed: number;
  /** Instead of those that the seed makes. */
  readonly faults?: readonly Fault[];
  readonly instances?: number;
  readonly mode?: Mode;
  /** Whether an operator runs. */
  readonly operated?: boolean;
  readonly transcript?: boolean;
  readonly verbose?: boolean;
}

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly faults: readonly Fault[];
  readonly mode: Mode;
  readonly operated: boolean;
  /** The operator's. */
  readonly reconciliations: number;
  readonly transcript: readonly string[];
  /** Ended without a primary, as it has to: its lease was deleted when nobody lived who knew what was in it. */
  readonly leftToAPerson: boolean;
  readonly unknownStatements: readonly string[];
  readonly acknowledged: number;
  readonly simulatedMs: number;
  readonly events: number;
}

const cluster = (names: readonly string[], mode: Mode): Cluster => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: clusterName, namespace },
  spec: {
    instances: names.length,
    storage: { size: '1Gi' },
    ...(modes[mode] ? { postgresql: { synchronous: modes[mode] } } : {}),
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
  for (const machine of world.machines) machine.layOut();
  for (const other of others) copyData(first, other.files, other.data);
  const { store } = world.api;
  store.create(
    resource.clusters,
    cluster(
      world.machines.map(({ name }) => name),
      world.mode,
    ),
  );
}

/** For whom no operator makes more. */
function fewObjects({ api: { store }, machines }: World): void {
  store.create(resource.leases, { metadata: { name: clusterName, namespace } });
  for (const { name } of machines) store.create(resource.pods, { metadata: { name, namespace, labels: {} } });
}

/** An operator, and what it needs of Kubernetes. The program is loaded by who has one only. */
async function beginOperator(world: World, checker: OperatorChecker): Promise<void> {
  const { createObjects } = await import('./operator/objects.ts');
  const { startOperator } = await import('./operator/program.ts');
  world.api.store.lingering = ['pods', 'persistentvolumeclaims'];
  createObjects(
    world.api.store,
    world.machines.map(({ name }) => name),
  );
  new Controllers(world, (machine) => loadOn(world, machine));
  world.operators = new Operators(world, checker, startOperator);
}

/** A client on every machine, so that whoever would take a write is found out. */
function loadOn(world: World, machine: Machine): void {
  const next = (): void => {
    if (machine.on && !machine.paused) machine.postgres?.commit();
    world.scheduler.after(world.random.between(loadEvery / 2, loadEvery * 2), next);
  };
  world.scheduler.after(0, next);
}

/** The lease is gone, and what was in it is known to nobody who lives. */
function unmakeable({ machines }: World, { quorumsAreLost, leaseDeletedAt }: Checker): boolean {
  if (leaseDeletedAt === undefined) return false;
  return quorumsAreLost || machines.every(({ manager }) => manager === undefined || manager.since > leaseDeletedAt);
}

export async function play(options: PlayOptions): Promise<Outcome> {
  const { seed } = options;
  const plan = new Random(seed + 0x5eed);
  const drawn = plan.chance(0.2) ? 2 : 3;
  const instances = options.instances ?? drawn;
  const drawnMode = drawMode(plan, instances);
  const mode = options.mode ?? drawnMode;
  const own = new Random(seed + 0x09e7);
  // Kept for the draw that will say which seeds have an operator: their numbers stay what they are.
  own.next();
  const { operated = false } = options;
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
    ...{ seed, instances, mode, witness: checker, start: startManager, note },
    told: options.transcript === true ? (options.verbose === true ? 'all' : 'much') : 'nothing',
    onChange: (change) => {
      checker.changed(change);
      if (operated) operatorChecker.changed(change);
    },
  });
  const operatorChecker = new OperatorChecker(checker, () => world);
  stage.world = world;
  const names = world.machines.map(({ name }) => name);
  // An operator costs as much as the managers do: its runs are shorter.
  const window = { from: beginning, to: operated ? operatedFaultsEnd : faultsEnd, most: operated ? 4 : 5 };
  const drawnFaults = makeFaults(plan, names, window);
  const faults = options.faults ?? [...drawnFaults, ...(operated ? makeOperatorFaults(own, names, window) : [])];
  layOut(world);
  if (operated) await beginOperator(world, operatorChecker);
  else {
    fewObjects(world);
    for (const machine of world.machines) {
      world.scheduler.after(world.random.between(0, 500), () => machine.startContainer());
    }
  }
  for (const machine of world.machines) loadOn(world, machine);
  strike(world, faults, (text) => note('', text));
  const last = Math.max(beginning, ...faults.map(({ at, lasts }) => at + lasts));
  let well: number | undefined;
  let left = false;
  const look = (): void => {
    const problem = unhealthy(world);
    if (problem === undefined) well ??= world.scheduler.now;
    else well = undefined;
    left = problem !== undefined && unmakeable(world, checker) && world.scheduler.now > last + patience;
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
    left || checker.violation !== undefined || (well !== undefined && world.scheduler.now - well > wellFor);
  await world.scheduler.run(Infinity, done);
  for (const { name, postgres } of world.machines) if (postgres?.serves) checker.allIsKept(name, postgres.wal);
  stage.world = undefined;
  return {
    ...{ seed, faults, mode, operated, transcript, violation: checker.violation },
    reconciliations: operatorChecker.runs,
    leftToAPerson: left,
    unknownStatements: [...world.unknownStatements],
    acknowledged: checker.acknowledgements,
    simulatedMs: world.scheduler.now,
    events: world.scheduler.events,
  };
}
