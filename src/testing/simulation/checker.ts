import { decodeLease } from '../../instance/ha/lease-record.ts';
import type { Lease } from '../../kube/objects.ts';
import type { Change } from './api-store.ts';
import type { Server, Witness } from './server.ts';

export interface Violation {
  readonly invariant: string;
  readonly at: number;
}

/** Milliseconds in which a machine that was stopped and goes on may let an answer slip (docs/ha-protocol.md §7). */
const slipMs = 600;

interface Acknowledgement {
  readonly commit: number;
  readonly by: string;
  readonly timeline: number;
}

/** Sees every acknowledgement, promotion, connection and change of the lease, and says what must not be. */
export class Checker implements Witness {
  readonly #now: () => number;
  readonly #thawed: (machine: string) => number;
  readonly acknowledgements: Acknowledgement[] = [];
  violation: Violation | undefined;
  /** The newest timeline that has acknowledged anything. */
  #newest: Acknowledgement | undefined;
  readonly #promotedBy = new Map<number, string>();
  #epoch = 0;
  #submitted = 0;
  /** The lease was taken back to an earlier state by a fault. */
  forgiveEpoch = false;

  constructor(now: () => number, thawed: (machine: string) => number) {
    this.#now = now;
    this.#thawed = thawed;
  }

  submitted(): number {
    return ++this.#submitted;
  }

  #wrong(invariant: string): void {
    this.violation ??= { invariant, at: this.#now() };
  }

  acknowledged(by: Server, commit: number): void {
    const { name } = by.home;
    const { timeline } = by;
    if (this.#newest && timeline < this.#newest.timeline && this.#now() - this.#thawed(name) > slipMs) {
      this.#wrong(
        `no two accept writes at once: ${name} acknowledged on timeline ${timeline} after ${this.#newest.by} did on ${this.#newest.timeline}`,
      );
    }
    if (this.#newest?.timeline === timeline && this.#newest.by !== name) {
      this.#wrong(`one writer of a timeline: ${name} and ${this.#newest.by} acknowledged on ${timeline}`);
    }
    const acknowledgement = { commit, by: name, timeline };
    this.acknowledgements.push(acknowledgement);
    if (timeline >= (this.#newest?.timeline ?? 0)) this.#newest = acknowledgement;
  }

  promoted(by: Server, timeline: number): void {
    const { name } = by.home;
    const before = this.#promotedBy.get(timeline);
    if (before !== undefined) this.#wrong(`one promotion of a timeline: ${name} and ${before} took ${timeline}`);
    this.#promotedBy.set(timeline, name);
    if (timeline > this.#epoch) this.#wrong(`a timeline is an epoch: ${name} took ${timeline} in epoch ${this.#epoch}`);
  }

  streams(standby: Server, primary: Server): void {
    if (standby.wal.isBeginningOf(primary.wal)) return;
    this.#wrong(`who streams is on the history: ${standby.home.name} is not on that of ${primary.home.name}`);
  }

  changed({ plural, type, object }: Change): void {
    if (plural !== 'leases' || type === 'DELETED') return;
    const record = decodeLease(object as Lease);
    if (record === 'blank') return;
    if (record.epoch < this.#epoch) this.#wrong(`epochs grow: ${record.epoch} after ${this.#epoch}`);
    this.#epoch = Math.max(this.#epoch, record.epoch);
  }
}
