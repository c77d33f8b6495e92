import { keepLogs } from '../../../e2e/support/evidence.ts';
import type { Platform } from '../../../e2e/support/platform.ts';
import { aborted } from '../interrupt.ts';
import type { FaultKind } from './kinds.ts';
import { once, type Run } from './once.ts';
import type { Series } from './report.ts';
import { type Mode, openSubject, type Subject } from './subject.ts';

export interface Bench {
  /** Aborts when the bench is to end early. */
  readonly signal: AbortSignal;
  /** For whoever waits. */
  readonly say: (line: string) => void;
}

/** After so many runs in a row that came to nothing, the rest of a series would as well. */
const patience = 3;

/** The cluster of one mode. After a run that failed, nobody knows what state it is in: the next one gets a new one. */
export class Stage implements AsyncDisposable {
  readonly #platform: Platform;
  #resources = new AsyncDisposableStack();
  #mode: Mode | undefined;
  #subject: Subject | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async for(mode: Mode): Promise<Subject> {
    if (this.#mode !== mode) await this.clear();
    this.#mode = mode;
    return (this.#subject ??= await openSubject(this.#platform, mode, this.#resources));
  }

  /** Where the logs of a cluster have been kept. */
  async keep(): Promise<string> {
    if (!this.#subject) return 'no cluster';
    const { platform, namespace } = this.#subject;
    return keepLogs(platform, namespace).catch(String);
  }

  async clear(): Promise<void> {
    const resources = this.#resources;
    this.#resources = new AsyncDisposableStack();
    this.#subject = undefined;
    await resources[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.clear();
  }
}

const told = (run: Run): string => {
  const steps = run.change?.steps?.map(({ name, time }) => `${name} ${time.slice(17, 23)}`).join(', ');
  return `${run.gap.toFixed(0)} ms, ${run.lost} of ${run.acknowledged} lost, ${run.from} → ${run.to}${steps ? ` (${steps})` : ''}`;
};

async function attempt(bench: Bench, stage: Stage, kind: FaultKind, table: string): Promise<Run> {
  await using resources = new AsyncDisposableStack();
  const run = async (): Promise<Run> => once(await stage.for(kind.mode), kind, table, resources);
  return await Promise.race([run(), aborted(bench.signal)]);
}

/** `count` runs; one that fails is told and does not end them. */
export async function series(bench: Bench, stage: Stage, kind: FaultKind, count: number): Promise<Series> {
  const runs: Run[] = [];
  const failures: string[] = [];
  let inVain = 0;
  for (let run = 1; run <= count && inVain < patience && !bench.signal.aborted; run += 1) {
    const title = `${kind.name} ${run}`;
    try {
      const done = await attempt(bench, stage, kind, `t_${kind.name.replaceAll('-', '_')}_${run}`);
      runs.push(done);
      inVain = 0;
      bench.say(`${title}: ${told(done)}`);
    } catch (error) {
      if (bench.signal.aborted) break;
      inVain += 1;
      const message = error instanceof Error ? error.message : String(error);
      failures.push(`${title}: ${message}`);
      bench.say(`${title} FAILED: ${error instanceof Error ? error.stack : message}; logs in ${await stage.keep()}`);
      await stage.clear().catch((problem: unknown) => bench.say(String(problem)));
    }
  }
  return { kind, runs, failures };
}
