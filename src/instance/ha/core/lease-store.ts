import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { LeaseTiming } from '../../../../state-machines/protocol/types.ts';
import { alreadyExists, isConflict, isNotFound, KubeError } from '../../../kube/errors.ts';
import type { Lease } from '../../../kube/objects.ts';
import type { KubeApi } from '../../../kube/port.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { ObjectKey } from '../../../kube/types.ts';
import type { BootClock } from './clock.ts';
import { decodeLease, encodeLease, nonceOf, type LeaseContent, type StoredRecord } from './lease-record.ts';

/** The lease as last seen by this process. */
export interface ObservedLease {
  /** Undefined: there is no such object; 'blank': nobody has ever claimed it. */
  readonly record: StoredRecord | 'blank' | undefined;
  readonly object: Lease | undefined;
  /** When this process saw this version first. */
  readonly since: number;
}

/** `unknown`: it may have been done or not; reading back tells. */
export type WriteOutcome = 'done' | 'refused' | 'unknown';

export interface LeaseStoreOptions {
  readonly kube: Pick<KubeApi, 'get' | 'create' | 'replace'>;
  readonly key: Required<ObjectKey>;
  readonly clock: BootClock;
  readonly timing: () => LeaseTiming;
}

const newer = (a: Lease, b: Lease): boolean => {
  if (a.metadata?.uid !== b.metadata?.uid) return true;
  const [one, two] = [Number(a.metadata?.resourceVersion), Number(b.metadata?.resourceVersion)];
  return Number.isNaN(one) || Number.isNaN(two) || one > two;
};

/** The one Lease of a cluster: what was seen of it and since when, and compare-and-swap. */
export class LeaseStore extends EventEmitter<{ change: [] }> {
  readonly #options: LeaseStoreOptions;
  #observed: ObservedLease | undefined;
  #lastRecord: StoredRecord | undefined;
  /** Before the first call nothing says that it does not. */
  #answers = true;

  constructor(options: LeaseStoreOptions) {
    super();
    this.#options = options;
  }

  /** Undefined until it was read once. */
  get observed(): ObservedLease | undefined {
    return this.#observed;
  }

  get record(): StoredRecord | undefined {
    const record = this.#observed?.record;
    return record === 'blank' ? undefined : record;
  }

  /** What the lease said when it last said anything: one that was deleted leaves its members. */
  get lastRecord(): StoredRecord | undefined {
    return this.record ?? this.#lastRecord;
  }

  /** The API server answered the last call, whatever it said. */
  get apiAnswers(): boolean {
    return this.#answers;
  }

  unchangedFor(): number {
    return this.#observed ? this.#options.clock() - this.#observed.since : 0;
  }

  /** Takes what a watch delivered, which may be older than what we know. */
  take(object: Lease | undefined): void {
    const known = this.#observed?.object;
    if (object && known && !newer(object, known)) return;
    if (!object && this.#observed && known === undefined) return;
    const record = object && decodeLease(object);
    this.#lastRecord = this.lastRecord;
    this.#observed = { record, object, since: this.#options.clock() };
    this.emit('change');
  }

  /** A quorum read. Throws when the API server does not answer. */
  async read(milliseconds: number): Promise<void> {
    try {
      const signal = AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)));
      const object = await this.#options.kube.get<Lease>(resource.leases, this.#options.key, { signal });
      this.#answers = true;
      this.take(object);
    } catch (error) {
      this.#answers = error instanceof KubeError && error.code > 0;
      throw error;
    }
  }

  /** Replaces the lease as it was last seen, or makes it when it was not there. Never throws. */
  async write(content: LeaseContent, milliseconds: number): Promise<WriteOutcome> {
    const { kube, key, timing, clock } = this.#options;
    const before = this.#observed?.object;
    if (!this.#observed) return 'refused';
    const nonce = randomUUID();
    const object = encodeLease(before ?? { metadata: { ...key } }, content, {
      nonce,
      now: new Date(),
      timing: timing(),
    });
    const deadline = clock() + milliseconds;
    const left = (): number => Math.max(1, Math.ceil(deadline - clock()));
    try {
      const signal = AbortSignal.timeout(left());
      const stored = await (before
        ? kube.replace<Lease>(resource.leases, object, { signal })
        : kube.create<Lease>(resource.leases, object, { signal }));
      this.#answers = true;
      this.take(stored);
      return 'done';
    } catch (error) {
      this.#answers = error instanceof KubeError && error.code > 0;
      const conflict = isConflict(error) || alreadyExists(error) || isNotFound(error);
      if (!conflict && this.#answers) return 'refused';
      // A conflict may be with our own first try, of which the answer was lost.
      try {
        await this.read(left());
      } catch {
        return 'unknown';
      }
      const found = this.#observed?.object;
      if (found && nonceOf(found) === nonce) return 'done';
      return conflict ? 'refused' : 'unknown';
    }
  }
}
