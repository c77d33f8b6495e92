import { sleep } from './back-off.ts';
import { alreadyExists, isConflict } from './errors.ts';
import type { Lease } from './objects.ts';
import type { KubeApi } from './port.ts';
import { resource } from './resource-types.ts';
import type { ObjectKey } from './types.ts';

/** How often the lease is tried for, and renewed. */
export const leaderRetryMs = 2_000;

export interface LeaderTimes {
  readonly leaseDurationMs: number;
  /** Infinity: it leads until another has the lease. Only for where another begins when the one before has ended. */
  readonly renewDeadlineMs: number;
}

export interface LeaderOptions extends Partial<LeaderTimes> {
  readonly lease: Required<ObjectKey>;
  /** Unique to this process. */
  readonly identity: string;
  readonly retryPeriodMs?: number;
  /** Milliseconds that never jump back. */
  readonly clock?: () => number;
  readonly onError?: (error: unknown) => void;
}

interface Observed {
  /** What must stand still for a whole lease duration before somebody else may take the lease. */
  record: string;
  at: number;
}

/** What an attempt to hold the lease came to. Failed: whose it is remains to be seen. */
type Attempt = 'held' | 'taken' | 'failed';

const micro = (date: Date): string => date.toISOString().replace('Z', '000Z');

class Election {
  readonly #api: KubeApi;
  readonly #options: Required<Omit<LeaderOptions, 'onError'>>;
  #observed: Observed | undefined;

  constructor(api: KubeApi, options: Required<Omit<LeaderOptions, 'onError'>>) {
    this.#api = api;
    this.#options = options;
  }

  /** Takes or renews the lease. The time of other processes is never looked at: only how long a record has stood still here. */
  async attempt(signal: AbortSignal): Promise<Attempt> {
    const { lease: key, identity, clock } = this.#options;
    const lease = await this.#api.get<Lease>(resource.leases, key, { signal });
    if (lease === undefined) return this.#write(this.#record(undefined, 0), 'create', signal);
    const { holderIdentity: holder = '', leaseTransitions: transitions = 0 } = lease.spec ?? {};
    const record = JSON.stringify([holder, lease.spec?.renewTime, lease.metadata?.resourceVersion]);
    if (this.#observed?.record !== record) this.#observed = { record, at: clock() };
    const duration = (lease.spec?.leaseDurationSeconds ?? this.#options.leaseDurationMs / 1000) * 1000;
    if (holder !== '' && holder !== identity && clock() - this.#observed.at < duration) return 'taken';
    const next = this.#record(lease, holder === identity ? transitions : transitions + 1);
    return this.#write(next, 'replace', signal);
  }

  async release(signal: AbortSignal): Promise<void> {
    const lease = await this.#api.get<Lease>(resource.leases, this.#options.lease, { signal });
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await this.#api.replace<Lease>(resource.leases, { ...lease, spec }, { signal });
  }

  #record(lease: Lease | undefined, transitions: number): Lease {
    const now = micro(new Date());
    const mine = lease?.spec?.holderIdentity === this.#options.identity;
    return {
      ...lease,
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...lease?.metadata, ...this.#options.lease },
      spec: {
        holderIdentity: this.#options.identity,
        leaseDurationSeconds: Math.ceil(this.#options.leaseDurationMs / 1000),
        acquireTime: mine ? (lease.spec?.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: transitions,
      },
    };
  }

  async #write(lease: Lease, how: 'create' | 'replace', signal: AbortSignal): Promise<Attempt> {
    try {
      await this.#api[how]<Lease>(resource.leases, lease, { signal });
      return 'held';
    } catch (error) {
      // Somebody was quicker, or it was we: a request that was given up may still have been carried out.
      if (isConflict(error) || alreadyExists(error)) return 'failed';
      throw error;
    }
  }
}

/**
 * Waits for the lease, then runs `lead` for as long as it is held. Resolves when `signal` aborts (the lease is given back) or when the
 * lease is lost; `lead` sees its signal abort at that moment and is awaited.
 */
export async function runAsLeader(
  api: KubeApi,
  options: LeaderOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<'stopped' | 'lost'> {
  const settings = {
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: leaderRetryMs,
    clock: () => performance.now(),
    ...options,
  };
  const election = new Election(api, settings);
  const { clock, leaseDurationMs, renewDeadlineMs, retryPeriodMs } = settings;

  const tryOnce = async (deadlineMs: number): Promise<Attempt> => {
    const timeoutMs = Math.max(1, Math.floor(Math.min(deadlineMs, leaseDurationMs)));
    try {
      return await election.attempt(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    } catch (error) {
      if (!signal.aborted) options.onError?.(error);
      return 'failed';
    }
  };

  let heldSince = clock();
  for (;;) {
    if (signal.aborted) return 'stopped';
    heldSince = clock();
    if ((await tryOnce(renewDeadlineMs)) === 'held') break;
    await sleep(retryPeriodMs, signal);
  }

  const leading = new AbortController();
  const work = lead(AbortSignal.any([leading.signal, signal])).finally(() => leading.abort());
  let outcome: 'stopped' | 'lost' = 'stopped';
  while (!leading.signal.aborted && (await sleep(retryPeriodMs, AbortSignal.any([leading.signal, signal])))) {
    // Counted from before the request that renewed it: the server may have waited before it wrote.
    const startedAt = clock();
    const attempt = await tryOnce(renewDeadlineMs - (startedAt - heldSince));
    if (attempt === 'held') heldSince = startedAt;
    else if (clock() - heldSince >= renewDeadlineMs || (attempt === 'taken' && !signal.aborted)) {
      outcome = 'lost';
      leading.abort();
    }
  }
  await work;
  if (outcome === 'stopped') {
    await election.release(AbortSignal.timeout(3_000)).catch((error: unknown) => options.onError?.(error));
  }
  return outcome;
}
