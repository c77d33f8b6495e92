// Many seeds on a few threads, and what is made of a failure: the fewest and shortest faults that still show it.
import { Worker } from 'node:worker_threads';
import type { Fault } from './fault.ts';
import { describe } from './faults.ts';
import type { Plant } from './interpose.ts';
import type { Outcome, PlayOptions } from './play.ts';

export interface CampaignOptions {
  readonly seeds: readonly number[];
  readonly threads: number;
  /** For every seed instead of its own. */
  readonly script?: Pick<PlayOptions, 'faults' | 'instances' | 'mode' | 'operated'>;
  /** A bug to be found. */
  readonly plant?: Plant;
  /** No more seeds after the first failure of which it is true. */
  readonly until?: (failure: Outcome) => boolean;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** A thread for one game after the other. */
export class Stage implements AsyncDisposable {
  readonly #worker: Worker;

  constructor(plant?: Plant) {
    this.#worker = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: { plant },
      // Much is made and forgotten at once.
      resourceLimits: { maxYoungGenerationSizeMb: 96 },
    });
  }

  play(options: PlayOptions): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#worker.off('message', answered);
        this.#worker.off('error', failed);
      };
      const answered = (outcome: Outcome): void => {
        end();
        resolve(outcome);
      };
      const failed = (error: Error): void => {
        end();
        reject(error);
      };
      this.#worker.on('message', answered);
      this.#worker.on('error', failed);
      this.#worker.postMessage(options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Plays all seeds; resolves to the failures, in the order of their seeds. */
export async function campaign(options: CampaignOptions): Promise<Outcome[]> {
  const waiting = [...options.seeds];
  const failures: Outcome[] = [];
  let enough = false;
  const thread = async (): Promise<void> => {
    await using stage = new Stage(options.plant);
    for (let seed = waiting.shift(); seed !== undefined && !enough; seed = waiting.shift()) {
      const outcome = await stage.play({ seed, ...options.script });
      options.onOutcome?.(outcome);
      if (!outcome.violation) continue;
      failures.push(outcome);
      enough ||= options.until?.(outcome) ?? false;
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.threads, waiting.length) }, thread));
  return failures.sort((a, b) => a.seed - b.seed);
}

const kindOf = (outcome: Outcome): string | undefined => outcome.violation?.invariant.split(':')[0];

function* smaller(faults: readonly Fault[]): Iterable<readonly Fault[]> {
  for (const index of faults.keys()) yield faults.filter((_, other) => other !== index);
  for (const [index, fault] of faults.entries()) {
    if (fault.lasts < 400) continue;
    yield faults.map((kept, other) => (other === index ? { ...fault, lasts: Math.round(fault.lasts / 2) } : kept));
  }
}

/** As long as a smaller script breaks the same invariant it is taken instead. */
export async function shrink(stage: Stage, failure: Outcome, mostPlays = 60): Promise<Outcome> {
  let least = failure;
  let plays = 0;
  for (let found = true; found && plays < mostPlays;) {
    found = false;
    for (const faults of smaller(least.faults)) {
      if (++plays > mostPlays) break;
      const outcome = await stage.play({ seed: failure.seed, faults, operated: failure.operated });
      if (kindOf(outcome) !== kindOf(failure)) continue;
      least = outcome;
      found = true;
      break;
    }
  }
  return stage.play({ seed: least.seed, faults: least.faults, operated: least.operated, transcript: true });
}

/** For people: which seed, what broke, the script and the story. */
export function story({ seed, mode, operated, violation, faults, transcript }: Outcome, lines = 150): string {
  const told = transcript.length > lines ? ['…', ...transcript.slice(-lines)] : transcript;
  return [
    `seed ${seed} (${mode}${operated ? ', with an operator' : ''}): ${violation ? `${violation.invariant} (at ${(violation.at / 1000).toFixed(3)} s)` : 'well'}`,
    ...faults.map((fault) => `  ${describe(fault)}`),
    ...told.map((line) => `    ${line}`),
    '',
  ].join('\n');
}
