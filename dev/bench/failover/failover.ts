import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import type { Platform } from '../../../e2e/support/platform.ts';
import { type Floor, measureFloor } from './floor.ts';
import { faultKinds, type FaultKind } from './kinds.ts';
import { broken, header, row, type Series, steps } from './report.ts';
import { series, Stage } from './series.ts';

export interface Wishes {
  /** How often each fault of a process is done. */
  readonly runs: number;
  readonly nodeRuns: number;
  /** Names of kinds; all of them if empty. */
  readonly only: readonly string[];
  /** Directory for the results as JSON and Markdown. */
  readonly out?: string;
  readonly signal: AbortSignal;
}

/** Throws when a name is none of a fault. */
export function chosen(only: readonly string[]): readonly FaultKind[] {
  const names = faultKinds.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no fault "${unknown.join('", "')}"; there are ${names.join(', ')}`);
  return faultKinds.filter(({ name }) => only.length === 0 || only.includes(name));
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Results {
  readonly engine: Platform['engine'];
  readonly started: string;
  readonly processors: number;
  readonly floor: Floor;
  readonly series: readonly Series[];
}

async function keep(directory: string, results: Results): Promise<void> {
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, `failover-${results.engine}`);
  const rows = results.series.map((one) => row(one, results.floor));
  await writeFile(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${file}.md`, `${[header, ...rows].join('\n')}\n`);
}

/**
 * The gap between acknowledged commits of four clients that insert through -rw, and what was lost, for each kind of fault. Each finished
 * series is printed at once. Resolves to the promises that were broken and the runs that failed.
 */
export async function failover(platform: Platform, wishes: Wishes): Promise<string[]> {
  const { runs, nodeRuns, out, signal } = wishes;
  const kinds = chosen(wishes.only);
  const started = new Date().toISOString();
  const floor = await measureFloor();
  const done: Series[] = [];
  const problems: string[] = [];
  await using stage = new Stage(platform);
  print(`${header}`);
  for (const kind of kinds) {
    const missing = kind.missing?.();
    if (missing !== undefined) {
      say(`${kind.name} SKIPPED: ${missing}`);
      continue;
    }
    const one = await series({ signal, say }, stage, kind, kind.of === 'node' ? nodeRuns : runs);
    done.push(one);
    print(row(one, floor));
    problems.push(...broken(one));
    const parts = steps(one.runs).map(({ name, median }) => `${name} +${median.toFixed(0)}`);
    if (parts.length > 0) say(`${kind.name}, milliseconds after the first step (median): ${parts.join(', ')}`);
    say(
      `load of the machine: ${loadavg()
        .map((value) => value.toFixed(1))
        .join(' ')}`,
    );
    if (out !== undefined) {
      await keep(out, { engine: platform.engine, started, processors: cpus().length, floor, series: done });
    }
    if (signal.aborted) break;
  }
  return problems;
}
