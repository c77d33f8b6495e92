import { type SetAction, type SetFacts, synchronousSet } from '../../../../state-machines/synchronous/machine.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import { Session } from '../../sql/session.ts';
import { type HaCore, isFresh, leaseState, selfOf } from '../core/core.ts';
import { postgresRole, runningPostmaster } from '../core/local-postgres.ts';
import type { LeaseContent, StoredConfiguration } from '../core/lease-record.ts';
import { configurationFor, isWished, membersWith, namesSetting, withConfiguration } from './configuration.ts';
import { standbysOf } from './names.ts';
import { flushedBy, InEffect, walsenders } from './walsenders.ts';
import { asksForQuorum, wishedTarget } from '../../../postgres/synchronous-wish.ts';

const lookEveryMs = 500;
const sessionTimeout = 3000;

/** What is known of the newest configuration in this life of postgres. */
interface Progress {
  readonly version: number;
  readonly postmaster: number;
  readonly inEffect: InEffect;
  effective: boolean;
  barrier?: bigint;
  passed: boolean;
}

/** Brings the synchronous set from what is in force to what is wished for, step by step (rule 19). The primary's. */
export class SynchronousSet {
  readonly #core: HaCore;
  #progress: Progress | undefined;
  #busy = false;
  #lookedAt = 0;
  #said = '';

  constructor(core: HaCore) {
    this.#core = core;
  }

  get #leads(): boolean {
    const { memory, state, store, view } = this.#core;
    return (
      leaseState(this.#core) === 'mine' &&
      isFresh(this.#core) &&
      memory.handover === undefined &&
      !memory.promoting &&
      state.current.led === store.record?.epoch &&
      view()?.server?.standby === false &&
      postgresRole(this.#core) === 'primary'
    );
  }

  get #newest(): StoredConfiguration | undefined {
    return this.#core.store.record?.configurations.at(-1);
  }

  #wanted(): StoredConfiguration | undefined {
    const { context, store, state } = this.#core;
    const cluster = context.cluster.current;
    if (!cluster || !store.record) return undefined;
    const target = wishedTarget(cluster.spec, standbysOf(this.#core));
    const wish = { target, quorum: asksForQuorum(cluster.spec) };
    return configurationFor(wish, store.record, selfOf(this.#core), state.current.led ?? store.record.epoch);
  }

  /** Of the newest configuration, in this life of postgres. */
  #known(): Progress | undefined {
    const { version, number } = this.#newest ?? {};
    const postmaster = runningPostmaster(this.#core) ?? 0;
    // Without a quorum there is nothing that must have been in effect.
    if (version !== undefined && number === 0) {
      return { version, postmaster, inEffect: new InEffect([]), effective: true, barrier: 0n, passed: true };
    }
    const known = this.#progress;
    return known?.version === version && known?.postmaster === postmaster ? known : undefined;
  }

  facts(): SetFacts {
    const { memory, store } = this.#core;
    const wanted = this.#wanted();
    const newest = this.#newest;
    const progress = this.#known();
    return {
      leads: this.#leads && wanted !== undefined,
      swapping: memory.renewing || memory.amend !== undefined,
      wantedIsListed: wanted === undefined || isWished(newest, wanted),
      listed: store.record?.configurations.length ?? 0,
      blocked: newest !== undefined && this.#streamingOf(newest) < newest.number,
      applied: newest === undefined || progress !== undefined,
      inEffect: progress?.effective ?? false,
      barrierRead: progress?.barrier !== undefined,
      barrierPassed: progress?.passed ?? false,
    };
  }

  #streamingOf({ names, external }: StoredConfiguration): number {
    const { streaming } = this.#core.memory;
    const listed = [...names.map(({ instance }) => instance), ...external];
    return listed.filter((name) => streaming?.has(name)).length;
  }

  async tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      if (!this.#leads) {
        this.#core.memory.streaming = undefined;
        return;
      }
      await this.#look();
      const { state, action } = synchronousSet.decide(this.facts());
      this.#say(state, action);
      await this.#perform(action);
    } finally {
      this.#busy = false;
    }
  }

  #say(state: string, action: SetAction & { readonly rule: string }): void {
    const { context, store } = this.#core;
    const text = `${state} ${action.rule} ${this.#newest?.version}`;
    if (text === this.#said || action.rule === 'swap-under-way') return;
    this.#said = text;
    const listed = store.record?.configurations.map(({ version, names, external, number }) => [
      ...[version, number, ...names.map(({ instance }) => instance), ...external],
    ]);
    context.log.info({ rule: action.rule, state, configurations: listed }, 'Synchronous set');
  }

  /** Who streams, from time to time: it is part of the wish. */
  async #look(): Promise<void> {
    const { clock, memory, session } = this.#core;
    if (clock() - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = clock();
    const seen = await walsenders(session);
    const streaming = seen.filter(({ state }) => state === 'streaming').map(({ name }) => name);
    const before = memory.streaming;
    memory.streaming = new Set(streaming);
    if (streaming.length !== before?.size || streaming.some((name) => !before.has(name))) this.#core.wake();
  }

  async #perform(action: SetAction): Promise<void> {
    switch (action.type) {
      case 'stay':
        return;
      case 'publish': {
        const wanted = this.#wanted();
        if (!wanted) return;
        this.#amend((content) => ({
          ...content,
          configurations: withConfiguration(content.configurations, wanted),
          members: membersWith(content.members, wanted.names, this.#core.memory.joining),
        }));
        return;
      }
      case 'apply':
        return this.#apply();
      case 'look-whether-in-effect':
        return this.#lookWhetherInEffect();
      case 'read-barrier': {
        const progress = this.#known();
        const [row] = await this.#core.session.query<{ lsn: string }>(
          'SELECT pg_catalog.pg_current_wal_flush_lsn()::text AS lsn',
        );
        if (row && progress) progress.barrier = parseLsn(row.lsn);
        return;
      }
      case 'look-at-barrier':
        return this.#lookAtBarrier();
      case 'retire-older': {
        const newest = this.#newest?.version ?? 0;
        this.#amend((content) => ({
          ...content,
          configurations: content.configurations.filter(({ version }) => version >= newest),
        }));
        return;
      }
      default:
        return action satisfies never;
    }
  }

  /** With the next renewal, which comes at once: only one writes the lease. */
  #amend(change: (content: LeaseContent) => LeaseContent): void {
    const { memory } = this.#core;
    memory.amend = change;
    memory.lastAttempt = undefined;
  }

  /** (b) The manager writes the file and reloads; done when a new session shows it. */
  async #apply(): Promise<void> {
    const newest = this.#newest;
    const postmaster = runningPostmaster(this.#core);
    const { context, session } = this.#core;
    if (!newest || postmaster === undefined) return;
    const wanted = namesSetting(newest, context.environment.clusterName);
    if ((await currentNames(this.#core)) !== wanted) {
      this.#core.wake();
      return;
    }
    const inEffect = new InEffect(await walsenders(session));
    this.#progress = { version: newest.version, postmaster, inEffect, effective: false, passed: false };
  }

  async #lookWhetherInEffect(): Promise<void> {
    const { session } = this.#core;
    const progress = this.#progress;
    if (!progress) return;
    progress.effective = progress.inEffect.look(await walsenders(session));
    // Something to answer, so that the replies need not be waited for until the standbys' next report.
    if (!progress.effective) await session.query("SELECT pg_catalog.pg_logical_emit_message(false, 'howdah', '')");
  }

  async #lookAtBarrier(): Promise<void> {
    const progress = this.#progress;
    const newest = this.#newest;
    if (progress?.barrier === undefined || !newest) return;
    const flushed = flushedBy(newest, await walsenders(this.#core.session), progress.barrier);
    progress.passed = flushed.length >= newest.number;
  }
}

/** synchronous_standby_names as a session sees it that is opened now. */
export async function currentNames({ context }: Pick<HaCore, 'context'>): Promise<string> {
  const { paths, port } = context.environment;
  await using session = new Session({ socketDirectory: paths.sockets, port, timeout: sessionTimeout });
  const [row] = await session.query<{ names: string }>(
    "SELECT pg_catalog.current_setting('synchronous_standby_names') AS names",
  );
  return row?.names ?? '';
}
