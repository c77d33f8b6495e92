// One standby of real PostgreSQL that holds the lease, with a promoter that can die, alone or with its server, after any step.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import type { PromotionAction } from '../../../state-machines/promotion/machine.ts';
import type { LeaseRecord } from '../../../state-machines/protocol/types.ts';
import {
  postgresInstallation,
  temporaryDirectory,
  temporaryPostgres,
  type TemporaryPostgres,
} from '../../testing/postgres.ts';
import { setStandby } from '../configuration/write.ts';
import { observeDataDirectory } from '../postmaster/observe.ts';
import { killFamily } from '../postmaster/process.ts';
import { Session } from '../sql/session.ts';
import { bootClock } from './core/clock.ts';
import { type HaCore, newMemory } from './core/core.ts';
import type { HistoryArchive } from './core/history-archive.ts';
import { LifeFile } from './core/life-file.ts';
import type { HistoriesReport } from './core/messages.ts';
import { Promoter } from './promoter.ts';
import { promotionOutcome } from './promotion-outcome.ts';
import { PromotionSteps } from './promotion-steps.ts';
import { StateFile } from './core/state-file.ts';

const other = { instance: 'c-2', incarnation: 'two', address: '127.0.0.1' };
const settings = { restart_after_crash: 'off', wal_retrieve_retry_interval: '100ms' };

/** A data directory that was stopped in good order, to be copied. */
export async function stoppedOrigin(): Promise<{ readonly directory: string } & AsyncDisposable> {
  const server = await temporaryPostgres({ initdb: ['--wal-segsize=1'], settings });
  await server.query('CREATE TABLE made AS SELECT 1 AS a');
  await server.stop();
  return { directory: server.dataDirectory, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

class Died extends Error {}

export interface PromotionWorld {
  /** Of the Cluster's status, as it was told. */
  currentPrimary: string;
  /** History files that the other instance has; undefined: it does not answer. */
  peer: HistoriesReport['files'] | undefined;
  archive: HistoryArchive | undefined;
  readonly steps: string[];
}

export class ElectedStandby implements AsyncDisposable {
  readonly world: PromotionWorld = { currentPrimary: 'c-2', peer: {}, archive: undefined, steps: [] };
  readonly data: string;
  readonly #root: string;
  readonly #epoch: number;
  readonly #server: TemporaryPostgres;
  readonly #systemIdentifier: string;

  private constructor(root: string, epoch: number, server: TemporaryPostgres, systemIdentifier: string) {
    this.#root = root;
    this.data = path.join(root, 'pgdata');
    this.#epoch = epoch;
    this.#server = server;
    this.#systemIdentifier = systemIdentifier;
  }

  /** On timeline 1, running; the lease of `epoch` is its own. */
  static async copyOf(origin: string, epoch: number): Promise<ElectedStandby> {
    const root = await temporaryDirectory(await postgresInstallation(), 'hwp-');
    const data = path.join(root, 'pgdata');
    await cp(origin, data, { recursive: true });
    await setStandby(data, true);
    await mkdir(path.join(root, 'supervisor'));
    own(root);
    const seen = await observeDataDirectory(data);
    const systemIdentifier = seen.state === 'valid' ? seen.control.systemIdentifier : '';
    const server = await temporaryPostgres({ dataDirectory: data, settings });
    const standby = new ElectedStandby(root, epoch, server, systemIdentifier);
    const state = await standby.state();
    await state.update({ promised: epoch, configurationEpoch: 1 });
    return standby;
  }

  state(): Promise<StateFile> {
    return StateFile.open(path.join(this.#root, 'state'), 'cluster', this.#systemIdentifier);
  }

  query<R extends Record<string, unknown>>(sql: string): Promise<R[]> {
    return this.#server.query<R>(sql);
  }

  /** SIGKILL to every process of it. */
  async kill(): Promise<void> {
    killFamily(this.#server.pid);
    await this.#server.stop('immediate');
  }

  /** What the manager's own loop does: a directory in the middle of a promotion becomes a standby, and PostgreSQL is started. */
  async #ensureStarted(state: StateFile): Promise<void> {
    if (this.#alive()) return;
    if (promotionOutcome(state.current, await observeDataDirectory(this.data)) === 'half') {
      this.world.steps.push('undo-half-a-promotion');
      await state.update({ led: undefined });
      await setStandby(this.data, true);
    }
    own(this.#root);
    // The last process of the one before may not be gone yet.
    for (let tries = 0; ; tries++) {
      try {
        return await this.#server.start();
      } catch (error) {
        if (tries >= 20 || !String(error).includes('still in use')) throw error;
        await delay(100);
      }
    }
  }

  #alive(): boolean {
    try {
      return spawnSync('test', ['-e', `/proc/${this.#server.pid}`]).status === 0;
    } catch {
      return false;
    }
  }

  /**
   * One life of a manager: until it leads, or until `dies` says so of a step that has just been done. Everything that it kept in
   * memory is lost with it.
   */
  async life(
    dies: (step: PromotionAction['type']) => boolean = () => false,
    turns = 600,
  ): Promise<'leads' | 'died' | 'waits'> {
    const state = await this.state();
    await this.#ensureStarted(state);
    await using session = new Session({ socketDirectory: this.#server.socketDirectory, port: this.#server.port });
    const core = this.#core(state, session);
    const actions = new PromotionSteps(core);
    let died = false;
    const promoter = new Promoter(core, async (action, epoch) => {
      if (died) throw new Died();
      await this.#asServer(action, () => actions.perform(action, epoch));
      this.world.steps.push(action.type);
      died ||= dies(action.type);
      if (died) throw new Died();
    });
    for (let turn = 0; turn < turns; turn++) {
      await promoter.tick();
      if (died) return 'died';
      if (core.memory.promotion?.over === true) return 'leads';
      if (core.memory.wrongTimeline !== undefined) throw new Error(core.memory.wrongTimeline);
      await delay(20);
    }
    return 'waits';
  }

  /** What the manager writes is the server's user's: PostgreSQL looks for new history files all the time. */
  async #asServer({ type }: PromotionAction, act: () => Promise<void>): Promise<void> {
    if (type !== 'plant-histories' || process.getuid?.() !== 0) return act();
    const [row] = await this.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'");
    if (row) process.kill(row.pid, 'SIGSTOP');
    try {
      await act();
      own(this.#root);
    } finally {
      if (row) process.kill(row.pid, 'SIGCONT');
    }
  }

  #core(state: StateFile, session: Session): HaCore {
    const { world } = this;
    const self = { instance: 'c-1', incarnation: state.current.incarnation };
    const record: LeaseRecord = {
      ...{ uid: 'u', version: '1', clusterUid: 'cluster', systemIdentifier: this.#systemIdentifier, holder: self },
      ...{ epoch: this.#epoch, configurations: [], members: [{ ...self, address: '127.0.0.2' }, other] },
    };
    const kube = {
      patch: () => Promise.resolve({}),
      patchStatus: (_: unknown, __: unknown, { status }: { status: { currentPrimary: string } }) => {
        world.currentPrimary = status.currentPrimary;
        return Promise.resolve({});
      },
    };
    const data = { state: 'valid', standby: true, control: undefined as unknown };
    void observeDataDirectory(this.data).then((seen) => Object.assign(data, seen));
    const memory = { ...newMemory(), freshUntil: bootClock() + 600_000 };
    return {
      ...{ clock: bootClock, session, state, memory, wake: () => undefined, signal: AbortSignal.timeout(60_000) },
      archive: () => world.archive,
      chronicle: { step: () => undefined },
      life: new LifeFile(path.join(this.#root, 'supervisor')),
      view: () => ({ postmaster: { state: 'up', pid: this.#server.pid }, data, server: { standby: true } }),
      peers: {
        askAll: (kind: string) => {
          const files = world.peer;
          return Promise.resolve([{ member: other, answer: kind === 'histories' && files ? { files } : undefined }]);
        },
      },
      store: { record, observed: { record }, apiAnswers: true },
      context: {
        log: pino({ level: 'silent' }),
        kube,
        environment: {
          podName: 'c-1',
          podIp: '127.0.0.2',
          namespace: 'n',
          clusterName: 'c',
          paths: { data: this.data },
        },
        cluster: {
          get current() {
            return { spec: {}, status: { currentPrimary: world.currentPrimary } };
          },
        },
        terminatingSince: () => undefined,
        supervisor: { postgresPid: () => this.#server.pid },
      },
    } as unknown as HaCore;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** As root we are not the server's user. */
function own(root: string): void {
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', 'nobody', root]);
}
