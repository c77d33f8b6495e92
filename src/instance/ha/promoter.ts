import { setTimeout as delay } from 'node:timers/promises';
import { resource } from '../../kube/resource-types.ts';
import { instanceRole, label } from '../../labels.ts';
import { roleLabels } from '../../resources/pod.ts';
import { type HaCore, isFresh, leaseState } from './core.ts';
import { plantHistories } from './history-files.ts';
import { postgresRole, endPostgres, runningPostmaster } from './local-postgres.ts';
import { standbyPosition } from './position.ts';

const micro = (date: Date): string => date.toISOString().replace('Z', '000Z');
const noRole = { [label.instanceRole]: null, [label.legacyRole]: null };

/** From the claim to service (§5, promotion). Each step may be done again: it begins anew wherever it was left. */
export class Promoter {
  readonly #core: HaCore;
  #running = false;

  constructor(core: HaCore) {
    this.#core = core;
  }

  get #due(): boolean {
    const { store, state, view, clock, memory } = this.#core;
    const held = memory.holdUntil !== undefined && clock() < memory.holdUntil;
    return (
      leaseState(this.#core) === 'mine' &&
      isFresh(this.#core) &&
      !held &&
      memory.handover === undefined &&
      state.current.promised === store.record?.epoch &&
      view()?.server?.standby === true &&
      postgresRole(this.#core) === 'standby'
    );
  }

  async tick(): Promise<void> {
    if (this.#running || !this.#due) return;
    this.#running = true;
    try {
      await this.#promote();
    } catch (error) {
      this.#core.context.log.error({ err: error, rule: 'promote' }, 'The promotion stopped and is begun anew');
      await delay(100);
    } finally {
      this.#running = false;
    }
  }

  async #promote(): Promise<void> {
    const { context, store, state, session, view, memory, clock, chronicle } = this.#core;
    const { log, environment } = context;
    const epoch = store.record?.epoch ?? 0;
    const data = view()?.data;
    if (data?.state !== 'valid') return;
    const began = clock();
    const unlabelled = this.#unlabelOthers();
    const found = await standbyPosition(session, environment.paths.data, data.control);
    if (!found) throw new Error('the position cannot be taken');
    if (found.position.timeline >= epoch)
      throw new Error(`timeline ${found.position.timeline} is not before epoch ${epoch}`);
    const filled = await plantHistories(environment.paths.data, found.position, epoch);
    // One who gave the lease back has stopped before: nobody is led to him.
    if (!this.#core.memory.released) await Promise.race([unlabelled, delay(200)]);
    if (!isFresh(this.#core)) return;
    memory.promoting = true;
    chronicle.step('promoting', found.position);
    await state.update({ led: epoch, ownsLog: true, configurationEpoch: epoch });
    log.info({ rule: 'promote', epoch, filled, preparedMs: clock() - began }, 'Promoting');
    await session.query('SELECT pg_catalog.pg_promote(false)');
    await this.#inService();
    const timeline = await this.#timeline();
    if (timeline !== epoch) {
      const pid = runningPostmaster(this.#core);
      if (pid !== undefined) endPostgres(pid);
      memory.promoting = false;
      memory.wrongTimeline = `PostgreSQL chose timeline ${timeline} instead of ${epoch}`;
      throw new Error(memory.wrongTimeline);
    }
    log.info({ rule: 'promoted', epoch, timeline, milliseconds: clock() - began }, 'Promoted');
    chronicle.step('promoted');
    this.#core.wake();
    await Promise.all([this.#label(), publishPrimary(this.#core)]);
    chronicle.step('routed');
    memory.promoting = false;
    this.#core.wake();
  }

  async #inService(): Promise<void> {
    const { session, signal } = this.#core;
    while (isFresh(this.#core)) {
      const [row] = await session.query<{ standby: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS standby');
      if (row?.standby === false) return;
      await delay(10, undefined, { signal });
    }
    throw new Error('the lease ran out before the promotion was done');
  }

  async #timeline(): Promise<number> {
    const [row] = await this.#core.session.query<{ wal: string }>(
      'SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) AS wal',
    );
    return Number.parseInt(row?.wal.slice(0, 8) ?? '', 16);
  }

  /** Nobody may be led to the one before (tried once: it is not waited for). */
  async #unlabelOthers(): Promise<void> {
    const { context } = this.#core;
    const { namespace, podName } = context.environment;
    const old = context.cluster.current?.status?.currentPrimary ?? '';
    if (old === '' || old === podName) return;
    await context.kube
      .patch(
        resource.pods,
        { namespace, name: old },
        { metadata: { labels: noRole } },
        { signal: AbortSignal.timeout(1000) },
      )
      .catch(() => undefined);
  }

  async #label(): Promise<void> {
    const { context } = this.#core;
    const { namespace, podName } = context.environment;
    const labels = roleLabels(instanceRole.primary);
    await context.kube
      .patch(
        resource.pods,
        { namespace, name: podName },
        { metadata: { labels } },
        { signal: AbortSignal.timeout(3000) },
      )
      .catch((error: unknown) => context.log.warn({ err: error }, 'The own pod was not labelled as primary'));
  }
}

/** Says in the Cluster's status who is primary; who asks for another one from now on asks us. */
export async function publishPrimary({ context }: Pick<HaCore, 'context'>): Promise<void> {
  const { namespace, clusterName, podName } = context.environment;
  const now = micro(new Date());
  const status = {
    ...{ currentPrimary: podName, currentPrimaryTimestamp: now },
    ...{ targetPrimary: podName, targetPrimaryTimestamp: now },
  };
  await context.kube
    .patchStatus(resource.clusters, { namespace, name: clusterName }, { status }, { signal: AbortSignal.timeout(5000) })
    .catch((error: unknown) => context.log.warn({ err: error }, 'The primary was not published; it is tried again'));
}
