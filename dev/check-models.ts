// `npm run check:models`: explores the shipped machines in bounded worlds, on two threads, and breaks them on purpose, each mutant in
// its smallest scenario. Fails on a violation, with its trace, and on a mutant that is not caught. --quick for every change; --only TEXT
// for those with TEXT in their names.
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { asyncMutants, asyncScenarios, exploreAsync } from '../state-machines/model/async-scenarios.ts';
import type { Exploration } from '../state-machines/model/explore.ts';
import { exploreSync, syncMutants, syncScenarios } from '../state-machines/model/sync-scenarios.ts';

type Job = readonly [model: 'sync' | 'async', kind: 'scenario' | 'mutant', name: string, limit: number];
interface Outcome {
  readonly job: Job;
  /** Of one processor. */
  readonly seconds: number;
  readonly found: Exploration;
}

function runSync(kind: Job[1], name: string, limit: number): Exploration {
  if (kind === 'mutant') {
    const mutant = name as keyof typeof syncMutants;
    return exploreSync(syncMutants[mutant], mutant);
  }
  const scenario = syncScenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}`);
  return exploreSync(scenario, undefined, limit);
}

function runAsync(kind: Job[1], name: string, limit: number): Exploration {
  if (kind === 'mutant') {
    const mutant = name as keyof typeof asyncMutants;
    return exploreAsync(asyncMutants[mutant], mutant);
  }
  const scenario = asyncScenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}`);
  return exploreAsync(scenario, undefined, limit);
}

/** Whether it is as it must be; the trace when it is not. */
function judge({ job: [model, kind, name], found, seconds }: Outcome): boolean {
  const { states, depth, complete, violation } = found;
  const mutants: Record<string, { readonly shows: RegExp }> = model === 'sync' ? syncMutants : asyncMutants;
  const right =
    kind === 'mutant'
      ? violation !== undefined && mutants[name]?.shows.test(violation.invariant) === true
      : violation === undefined;
  const end = violation ? violation.invariant : complete ? 'complete' : 'ended by the limit';
  const figures = `${String(states).padStart(9)} states  depth ${String(depth).padStart(2)}  ${seconds.toFixed(1).padStart(6)} s`;
  process.stdout.write(
    `${right ? 'ok    ' : 'WRONG '} ${model.padEnd(5)} ${kind.padEnd(8)} ${name.padEnd(56)} ${figures}  ${end}\n`,
  );
  if (!right) for (const step of violation?.trace ?? []) process.stdout.write(`         ${step}\n`);
  return right;
}

/** Two threads, each taking the next job when it is done with one. */
async function runAll(jobs: readonly Job[]): Promise<Outcome[]> {
  const waiting = [...jobs];
  const outcomes: Outcome[] = [];
  const thread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      // Much is made and forgotten at once.
      const worker = new Worker(new URL(import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 96 } });
      const next = (): void => {
        const job = waiting.shift();
        if (job) worker.postMessage(job);
        else void worker.terminate().then(() => resolve(), reject);
      };
      worker.on('error', reject);
      worker.on('message', (outcome: Outcome) => {
        outcomes.push(outcome);
        if (!judge(outcome)) process.exitCode = 1;
        next();
      });
      next();
    });
  await Promise.all([thread(), thread()]);
  return outcomes;
}

if (isMainThread) {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
  });
  const limit = values.quick ? 40_000 : 2_000_000;
  const began = performance.now();
  // The longest first, so that both threads have something to do until the end.
  const all = [
    ...Object.keys(asyncScenarios).map((name) => ['async', 'scenario', name, limit] as const),
    ...Object.keys(syncScenarios).map((name) => ['sync', 'scenario', name, limit] as const),
    ...Object.keys(syncMutants).map((name) => ['sync', 'mutant', name, limit] as const),
    ...Object.keys(asyncMutants).map((name) => ['async', 'mutant', name, limit] as const),
  ];
  const outcomes = await runAll(all.filter(([, , name]) => name.includes(values.only)));
  if (outcomes.length === 0) throw new Error(`nothing has ${values.only} in its name`);
  const states = outcomes.reduce((sum, { found }) => sum + found.states, 0);
  const seconds = (performance.now() - began) / 1000;
  const cut = outcomes.filter(({ job: [, kind], found }) => kind === 'scenario' && !found.complete && !found.violation);
  const { user, system } = process.cpuUsage();
  process.stdout.write(
    `${outcomes.length} explorations, ${states} states, ${seconds.toFixed(0)} s, ` +
      `${((user + system) / 1e6).toFixed(0)} processor seconds; ${cut.length} scenarios ended by the limit of ${limit} states\n`,
  );
} else {
  parentPort?.on('message', (job: Job) => {
    const [model, kind, name, limit] = job;
    const before = process.threadCpuUsage();
    const found = model === 'sync' ? runSync(kind, name, limit) : runAsync(kind, name, limit);
    const { user, system } = process.threadCpuUsage(before);
    parentPort?.postMessage({ job, seconds: (user + system) / 1e6, found } satisfies Outcome);
  });
}
