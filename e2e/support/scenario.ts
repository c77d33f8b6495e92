import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { oneOnly } from './one-only.ts';
import { AppendLoad, finalLists } from './append-load.ts';
import { checkListAppend, isInexcusable } from './checker/list-append.ts';
import { type Acknowledgement, longestOverlap } from './checker/overlap.ts';
import { createCluster } from './cluster.ts';
import { keepLogs } from './evidence.ts';
import { lostEverywhere } from './faults/everywhere.ts';
import { NamesWatch } from './names-watch.ts';
import type { Platform } from './platform.ts';
import { openNamespace } from './shared.ts';
import { connectionConfig, type Session } from './sql.ts';
import { Subject } from './subject.ts';
import { waitFor } from './wait.ts';
import { WriteLoad } from './write-load.ts';

export type Mode = 'asynchronous' | 'synchronous';
const isMode = (text: string): text is Mode => ['asynchronous', 'synchronous'].includes(text);
/** Each suite of faults runs in every one, or in those that HOWDAH_MODES names, separated by commas. */
export const modes: readonly Mode[] = (process.env['HOWDAH_MODES'] ?? 'asynchronous,synchronous')
  .split(',')
  .filter(isMode);

export interface ScenarioOptions {
  readonly name: string;
  readonly mode?: Mode;
  readonly instances?: number;
  /** Added to the Cluster's spec. */
  readonly spec?: Record<string, unknown>;
}

export interface Outcome {
  readonly before: string;
  readonly after: string;
  readonly epochs: readonly [number, number];
  /** Acknowledged rows that are gone. */
  readonly lost: number;
  readonly acknowledged: number;
  /** Longest time between two acknowledgements, milliseconds. */
  readonly gap: number;
  readonly acknowledgements: readonly Acknowledgement[];
}

export interface Harm {
  readonly do: (primary: string) => Promise<unknown>;
  /** Asynchronous replication cannot keep what had not been sent when the primary was gone for good. */
  readonly mayLose?: boolean;
  /** A node that stood still may answer what it had begun. It is counted. */
  readonly mayOverlap?: boolean;
  /** Milliseconds until the cluster is healthy again. */
  readonly recovery?: number;
}

const synchronous = { synchronous: { method: 'any', number: 1, dataDurability: 'required' } };

/** One cluster that is harmed again and again, and what must hold of it each time. */
export class Scenario extends Subject implements AsyncDisposable {
  readonly #mode: Mode;
  readonly #release: () => Promise<void>;
  readonly #told: string[] = [];
  #harms = 0;

  private constructor(platform: Platform, options: ScenarioOptions, namespace: { name: string } & AsyncDisposable) {
    super(platform, namespace.name, options.name);
    this.#mode = options.mode ?? 'asynchronous';
    this.#release = async () => namespace[Symbol.asyncDispose]();
  }

  /** Makes the cluster; it may not be there yet. */
  static async open(platform: Platform, options: ScenarioOptions): Promise<Scenario> {
    const scenario = new Scenario(platform, options, await openNamespace(platform, options.name));
    await createCluster(platform, scenario.namespace, options.name, {
      instances: options.instances ?? 3,
      ...(options.mode === 'synchronous' ? { postgresql: synchronous } : {}),
      ...options.spec,
    });
    return scenario;
  }

  /** Adds a line to what is told at the end. */
  say(line: string): void {
    this.#told.push(line);
  }

  /** Harms the cluster under load, waits until it is healthy again, and checks what must hold whatever happened. */
  async under(title: string, harm: Harm): Promise<Outcome> {
    await using loads = new AsyncDisposableStack();
    try {
      return await this.#under(title, harm, loads);
    } catch (error) {
      const kept = await keepLogs(this.platform, this.namespace).catch(String);
      this.say(`${title}: FAILED; logs in ${kept}`);
      throw error;
    }
  }

  async #under(title: string, harm: Harm, loads: AsyncDisposableStack): Promise<Outcome> {
    const { do: act, mayLose = false, mayOverlap = false, recovery = 180_000 } = harm;
    const { api } = this.platform;
    // Not by the title: PostgreSQL would cut long ones to the same name.
    const table = `load_${(this.#harms += 1)}`;
    const before = await this.primary();
    const epochBefore = await this.epoch();
    const rw = (to: 'rw' | { instance: string }) => () =>
      connectionConfig(api, { namespace: this.namespace, cluster: this.cluster, to });
    const load = loads.use(await WriteLoad.start(rw('rw'), { table, patience: 5000, pause: 4 }));
    // Opened before, straight to the one that is harmed: whatever leads clients to another does not touch it.
    const open = { table: `${table}_open`, clients: 1, patience: 60_000, pause: 4, reconnects: false };
    const session = loads.use(await WriteLoad.start(rw({ instance: before }), open));
    const appends = loads.use(await AppendLoad.start(rw('rw')));
    // A connection that an old primary does not answer must not keep it from the new one.
    const brief = (): Promise<Session> => this.session('rw', 'app', { connectionTimeoutMillis: 5000 });
    const names = this.#mode === 'synchronous' ? loads.use(new NamesWatch(brief)) : undefined;
    await waitFor('writes', async () => (load.count > 100 && session.count > 10 ? true : undefined));
    await act(before);
    await sleep(500);
    const since = load.count;
    const writes = async (): Promise<true | undefined> => (load.count > since + 100 ? true : undefined);
    await waitFor('writes afterwards', writes, { timeout: recovery });
    await this.healthy(recovery);
    const [report, pinned, appended] = await Promise.all([load.stop(), session.stop(), appends.stop()]);

    const acknowledgements = [report, pinned, appended].flatMap((done) => done.acknowledgements);
    const overlap = longestOverlap(acknowledgements);
    if (!mayOverlap || this.#mode === 'synchronous') expect(overlap).toBeUndefined();
    else if (overlap) this.say(`${title}: two acknowledged within ${Math.round(overlap.milliseconds)} ms`);
    // Rule 22: an empty one wakes all who wait as if their standbys had confirmed.
    expect([...((await names?.stop()) ?? [])].filter((value) => value === '')).toEqual([]);
    const after = await oneOnly(this);
    await using reader = await this.session({ instance: after });
    const lost = [...(await lostEverywhere(this, report, table)), ...(await lostEverywhere(this, pinned, open.table))]
      .length;
    const anomalies = checkListAppend(appended.transactions, await finalLists(reader));
    const excused = mayLose && this.#mode === 'asynchronous';
    expect(excused ? anomalies.filter(isInexcusable) : anomalies).toEqual([]);
    if (!excused) expect(lost).toBe(0);
    const epochs = [epochBefore, await this.epoch()] as const;
    expect(epochs[1]).toBeGreaterThanOrEqual(epochBefore);
    // The epoch alone is raised when a candidacy of another was abandoned (rule 17).
    const timeline = await timelineOf(reader);
    expect(timeline).toBeLessThanOrEqual(epochs[1]);
    if (after !== before) expect(timeline).toBeGreaterThan(epochBefore);
    const [acknowledged, gap] = [report.acknowledged.size + pinned.acknowledged.size, report.longestGap];
    this.say(`${title}: gap ${Math.round(gap)} ms, ${lost} of ${acknowledged} lost, ${before} → ${after}`);
    return { before, after, epochs, lost, acknowledged, gap, acknowledgements };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.stdout.write(
      `${this.#mode}; gaps are the longest time between two acknowledged writes:\n${this.#told.map((line) => `  ${line}\n`).join('')}`,
    );
    await this.#release();
    await this.platform[Symbol.asyncDispose]();
  }
}

export async function timelineOf(session: Session): Promise<number> {
  const { rows } = await session.query<{ timeline: number }>(
    "select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline",
  );
  return rows[0]?.timeline ?? 0;
}
