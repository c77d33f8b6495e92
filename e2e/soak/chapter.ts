import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/testing/simulation/random.ts';
import { oneOnly } from '../support/one-only.ts';
import { lostEverywhere } from '../support/faults/everywhere.ts';
import { AppendLoad, finalLists } from '../support/append-load.ts';
import { checkListAppend, isInexcusable } from '../support/checker/list-append.ts';
import { type Acknowledgement, longestOverlap } from '../support/checker/overlap.ts';
import { settled } from '../support/faults/settled.ts';
import { NamesWatch } from '../support/names-watch.ts';
import type { Mode } from '../support/scenario.ts';
import { connectionConfig } from '../support/sql.ts';
import type { Subject } from '../support/subject.ts';
import { waitFor } from '../support/wait.ts';
import { type LoadReport, WriteLoad } from '../support/write-load.ts';
import { outcomeOf, requestBackup } from './backups.ts';
import type { SoakFault } from './catalogue.ts';

export interface Soak {
  readonly subject: Subject;
  readonly random: Random;
  readonly mode: Mode;
  /** Milliseconds from the beginning of a fault to that of the next. */
  readonly everyMs: number;
  readonly say: (line: string) => void;
}

export interface Chapter {
  readonly acknowledged: number;
  readonly lost: number;
  /** Of each fault, milliseconds. */
  readonly gaps: readonly { readonly fault: string; readonly milliseconds: number }[];
}

/** How long writes may stay away after a fault was repaired, and the cluster unhealthy after the last one. */
const patienceMs = 180_000;

/** Harms the cluster by each of the faults in turn, under load, while a backup is taken, and checks when all is well again. */
export async function chapter(soak: Soak, number: number, faults: readonly SoakFault[]): Promise<Chapter> {
  const { subject, random, say, mode } = soak;
  await using loads = new AsyncDisposableStack();
  const table = `load_${number}`;
  const rw = () => connectionConfig(subject.platform.api, { ...subject, to: 'rw' });
  const load = loads.use(await WriteLoad.start(rw, { table, patience: 3000, pause: 10 }));
  const appends = loads.use(await AppendLoad.start(rw));
  const names = mode === 'synchronous' ? loads.use(new NamesWatch(() => subject.session())) : undefined;
  const backup = `chapter-${number}`;
  const backupAt = random.integer(0, faults.length - 1);
  const pinned: (readonly [LoadReport, string])[] = [];
  const gaps: { fault: string; milliseconds: number }[] = [];
  for (const [index, fault] of faults.entries()) {
    const next = sleep(soak.everyMs);
    if (index === backupAt) await requestBackup(subject, backup);
    const open = `pinned_${number}_${index}`;
    load.measureGap();
    pinned.push([await harm(soak, fault, { load, table: open }), open]);
    await next;
    // Only now: what was asked for may have begun after its answer.
    gaps.push({ fault: fault.name, milliseconds: load.longestGap });
    say(`${fault.name}: ${Math.round(load.longestGap)} ms without a write`);
  }
  await settled(subject.platform, subject.namespace, subject.cluster);
  const [report, appended] = await Promise.all([load.stop(), appends.stop()]);
  const setting = [...((await names?.stop()) ?? [])];
  if (setting.includes('')) throw new Error('rule 22: synchronous_standby_names was empty at a primary');
  say(`backup ${backup} ${await outcomeOf(subject, backup)}`);

  const reports = [[report, table] as const, ...pinned];
  const acknowledgements = [appended, ...reports.map(([done]) => done)].flatMap((done) => done.acknowledgements);
  checkOverlap(soak, faults, acknowledgements);
  await oneOnly(subject);
  await using reader = await subject.session();
  let lost = 0;
  for (const [done, name] of reports) lost += (await lostEverywhere(subject, done, name)).length;
  const excused = mode === 'asynchronous' && faults.some(({ mayLose }) => mayLose);
  const anomalies = checkListAppend(appended.transactions, await finalLists(reader));
  const found = excused ? anomalies.filter(isInexcusable) : anomalies;
  if (found.length > 0)
    throw new Error(`the history shows ${found.map(({ name, what }) => `${name}: ${what}`).join('; ')}`);
  if (lost > 0 && !excused) throw new Error(`${lost} acknowledged rows are lost`);
  for (const [, name] of pinned) await reader.query(`drop table if exists "${name}"`);
  if (number > 1) await reader.query(`drop table if exists "load_${number - 2}"`);
  return { acknowledged: acknowledgements.length, lost, gaps };
}

/** One fault, with a session of its own to whoever is primary, opened before; waits until writes go on. */
async function harm(
  soak: Soak,
  fault: SoakFault,
  { load, table }: { load: WriteLoad; table: string },
): Promise<LoadReport> {
  const { subject, random } = soak;
  const { primary, session } = await pinnedSession(subject, table);
  await using _session = session;
  const standbys = (await subject.standbys()).sort();
  const standby = standbys[random.integer(0, standbys.length - 1)] ?? '';
  soak.say(`${fault.name} (primary ${primary}, standby ${standby}) …`);
  await fault.harm({ subject, random, primary, standby });
  const since = load.count;
  const writes = async (): Promise<true | undefined> => (load.count > since + 50 ? true : undefined);
  await waitFor('writes afterwards', writes, { timeout: patienceMs });
  return session.stop();
}

async function pinnedSession(subject: Subject, table: string): Promise<{ primary: string; session: WriteLoad }> {
  return waitFor(
    'a session at the primary',
    async () => {
      const primary = await subject.primary();
      const config = () => connectionConfig(subject.platform.api, { ...subject, to: { instance: primary } });
      const options = { table, clients: 1, patience: 3000, pause: 10, reconnects: false };
      return { primary, session: await WriteLoad.start(config, options) };
    },
    { timeout: patienceMs },
  );
}

function checkOverlap(
  { mode, say }: Soak,
  faults: readonly SoakFault[],
  acknowledgements: readonly Acknowledgement[],
): void {
  const overlap = longestOverlap(acknowledgements);
  if (!overlap) return;
  const what = `timelines ${overlap.between.join(' and ')} both acknowledged within ${Math.round(overlap.milliseconds)} ms`;
  if (mode === 'synchronous' || !faults.some(({ mayOverlap }) => mayOverlap)) throw new Error(what);
  say(what);
}
