import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { port, readWriteService, role, slotName } from '../../naming.ts';
import { clone } from '../replication/clone.ts';
import { sync } from '../../util/durable.ts';
import { reserveSlot } from '../replication/slot.ts';
import { removeUnused } from '../postmaster/tablespaces.ts';
import { type HaCore, holderOf, mayBeWiped } from './core/core.ts';
import { rewindOnto } from './rewind-source.ts';

const exists = (place: string): Promise<boolean> =>
  stat(place).then(
    () => true,
    () => false,
  );

const longestPause = 60_000;

/** A rebuild that died between its two renames: the new directory is whole and in nobody's place. */
export async function finishRebuild(data: string): Promise<void> {
  const fresh = `${data}.fresh`;
  if ((await exists(data)) || !(await exists(path.join(fresh, 'global/pg_control')))) return;
  await rename(fresh, data);
  await sync(path.dirname(data));
}

/**
 * Makes the data directory anew from the primary, beside the old one on the same volume; the old one is kept until the new one
 * streams (rules 21, 27, 28).
 */
export class Rebuild {
  readonly #core: HaCore;
  #running: 'rewind' | 'clone' | undefined;
  #failures = 0;
  #retryAt = 0;
  /** Looked for once, and again after each rebuild. */
  #oldIsGone = false;
  problem: string | undefined;

  constructor(core: HaCore) {
    this.#core = core;
  }

  get #places(): { readonly data: string; readonly fresh: string; readonly old: string } {
    const { data } = this.#core.context.environment.paths;
    return { data, fresh: `${data}.fresh`, old: `${data}.diverged` };
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  get rewinding(): boolean {
    return this.#running === 'rewind';
  }

  /** Begins, unless it is under way or failed a moment ago. */
  begin(how: 'rewind' | 'clone'): void {
    const { clock, context } = this.#core;
    if (this.#running !== undefined || clock() < this.#retryAt) return;
    if (!mayBeWiped(this.#core)) {
      this.askToLeave();
      return;
    }
    this.#running = how;
    this.#oldIsGone = false;
    (how === 'rewind' ? this.#rewind() : this.#rebuild())
      .then(() => {
        this.#failures = 0;
        this.problem = undefined;
      })
      .catch((error: unknown) => {
        this.#failures += 1;
        this.#retryAt = clock() + Math.min(longestPause, 1000 * 2 ** Math.min(this.#failures, 6));
        this.problem = `the data directory cannot be made anew: ${error instanceof Error ? error.message : String(error)}`;
        context.log.error({ err: error, failures: this.#failures }, this.problem);
      })
      .finally(() => {
        this.#running = undefined;
        this.#core.wake();
      });
  }

  /** No set may count on what is about to be wiped (rule 28): the primary takes it out first. */
  askToLeave(): void {
    const { clock, peers, store } = this.#core;
    const holder = holderOf(this.#core);
    if (clock() < this.#retryAt) return;
    this.#retryAt = clock() + 500;
    if (holder) void peers.ask('leave', holder, { epoch: store.record?.epoch ?? 0 }, 1000).catch(() => undefined);
  }

  /** Of the directory as it is. One that fails is followed by a clone. */
  async #rewind(): Promise<void> {
    const { context, memory, state, store } = this.#core;
    const holder = holderOf(this.#core);
    const epoch = store.record?.epoch;
    if (!holder || epoch === undefined) throw new Error('nobody holds the lease');
    const { log } = context;
    log.info({ rule: 'rewind', from: holder.instance, epoch }, 'Rewinding the data directory');
    try {
      await rewindOnto(this.#core, holder, () => state.update({ unfinished: 'rewind' }));
    } catch (error) {
      memory.notRewindable = { instance: holder.instance, incarnation: holder.incarnation };
      log.warn({ err: error, rule: 'rewind-failed' }, 'The rewind did not succeed: a clone is made instead');
      return;
    }
    // It has lost what it had promised to keep: another member than before (rule 20).
    await this.#become(randomUUID(), epoch);
    await this.#finished();
    log.info({ rule: 'rewound' }, 'The data directory is rewound');
  }

  /** Another member from now on; written before the exchange, so that no new directory ever has an old one's promises. */
  async #become(incarnation: string, epoch: number): Promise<void> {
    const { state } = this.#core;
    await state.update({
      incarnation,
      promised: Math.max(epoch, state.current.promised),
      ...{ led: undefined, promotes: undefined, ownsLog: false, configurationEpoch: epoch },
    });
  }

  /** Only what is in its place and whole is no more unfinished. */
  async #finished(): Promise<void> {
    const { memory, state } = this.#core;
    await state.update({ unfinished: undefined });
    const forgotten = {
      diverged: undefined,
      walLost: undefined,
      notRewindable: undefined,
      follow: undefined,
      stalled: undefined,
      slot: undefined,
    };
    Object.assign(memory, forgotten);
  }

  async #rebuild(): Promise<void> {
    const { context, store, signal } = this.#core;
    const { environment, log } = context;
    const { paths } = environment;
    const holder = holderOf(this.#core);
    const epoch = store.record?.epoch;
    if (!holder || epoch === undefined) throw new Error('nobody holds the lease');
    const read = (name: string): Promise<string> => readFile(path.join(paths.certificates, name), 'utf8');
    const [ca, cert, key] = await Promise.all([
      read('server-ca.crt'),
      read('streaming_replica.crt'),
      read('streaming_replica.key'),
    ]);
    const servername = readWriteService(environment.clusterName);
    const origin = {
      host: holder.address,
      port: port.postgres,
      user: role.replication,
      ssl: { ca, cert, key, servername },
    };
    const slots = context.cluster.current?.spec.replicationSlots?.highAvailability ?? {};
    if (slots.enabled !== false) {
      await reserveSlot(origin, slotName(slots.slotPrefix ?? '_cnpg_', environment.podName), signal);
    }
    const { data, fresh, old } = this.#places;
    const incarnation = randomUUID();
    const walPlace = context.cluster.current?.spec.walStorage && `${paths.wal}-${incarnation.slice(0, 8)}`;
    log.info({ rule: 'rebuild', from: holder.instance, epoch }, 'Making the data directory anew');
    await rm(fresh, { recursive: true, force: true });
    await removeUnused(paths.tablespaces, [data, old]);
    const tablespaceDirectory = `data-${incarnation.slice(0, 8)}`;
    await clone(
      origin,
      { data: fresh, wal: walPlace, tablespaces: paths.tablespaces, tablespaceDirectory },
      { label: `howdah rejoin ${environment.podName}`, log, signal },
    );
    // The clone is another member than the directory before it (rule 20).
    await this.#become(incarnation, epoch);
    await rm(old, { recursive: true, force: true });
    await rename(data, old);
    await rename(fresh, data);
    await sync(path.dirname(data));
    await this.#finished();
    log.info({ rule: 'rebuilt', incarnation }, 'The data directory is made anew');
  }

  /** Once the new one streams the old one is of no more use. */
  async removeOld(): Promise<void> {
    const { old } = this.#places;
    if (this.#oldIsGone || this.#running !== undefined || this.#core.view()?.server?.receiver !== 'streaming') return;
    if (!(await exists(old))) {
      this.#oldIsGone = this.#running === undefined;
      return;
    }
    const { paths } = this.#core.context.environment;
    // While the old one is there this is done again by whoever comes after a death in between.
    await removeUnused(paths.tablespaces, [paths.data]);
    await rm(old, { recursive: true, force: true });
  }
}
