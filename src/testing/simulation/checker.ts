import { decodeLease, type StoredRecord } from '../../instance/ha/core/lease-record.ts';
import { anySynchronous, modeOf } from '../../instance/ha/synchronous/configuration.ts';
import type { Lease } from '../../kube/objects.ts';
import type { Change } from './api-store.ts';
import { namespace } from './names.ts';
import type { Server, Witness } from './server.ts';
import type { Wal } from './wal.ts';

export interface Violation {
  readonly invariant: string;
  readonly at: number;
}

/** Milliseconds in which a machine that was stopped and goes on may let an answer slip (docs/ha-protocol.md §7). */
const slipMs = 600;
/** After so long a primary that crashed lets clients in without its standbys' word, and says so (rule 23); less what clocks differ. */
const admittedAnyway = 4900;

interface Acknowledgement {
  readonly commit: number;
  readonly by: string;
  readonly timeline: number;
}

interface Promotion {
  readonly timeline: number;
  readonly by: string;
  /** Whether it was claimed with a quorum's promises, or because a lease had run out. */
  readonly mode: 'sync' | 'async';
  readonly commits: ReadonlySet<number>;
}

/** Sees every acknowledgement, promotion, connection and change of the lease, and says what must not be. */
export class Checker implements Witness {
  readonly #now: () => number;
  readonly #thawed: (machine: string) => number;
  violation: Violation | undefined;
  acknowledgements = 0;
  /** What clients were told or could see, and was not given up by an asynchronous failover; who told them. */
  readonly #promised = new Map<number, string>();
  /** The newest timeline that has acknowledged anything. */
  #newest: Acknowledgement | undefined;
  readonly #promotions: Promotion[] = [];
  #record: StoredRecord | undefined;
  #deletedAt: number | undefined;
  readonly #modes = new Map<number, 'sync' | 'async'>();
  #epoch = 0;
  #submitted = 0;

  constructor(now: () => number, thawed: (machine: string) => number) {
    this.#now = now;
    this.#thawed = thawed;
  }

  submitted(): number {
    return ++this.#submitted;
  }

  wrong(invariant: string): void {
    this.violation ??= { invariant, at: this.#now() };
  }

  acknowledged(by: Server, commit: number): void {
    const { name } = by.home;
    const { timeline } = by;
    this.acknowledgements += 1;
    const newer = this.#promotions.filter((promotion) => promotion.timeline > timeline);
    const latest = newer.at(-1);
    if (newer.some(({ mode }) => mode === 'async')) this.#notAfterAnother(name, timeline);
    else if (latest && !latest.commits.has(commit)) {
      this.wrong(
        `no conflicting acknowledgement: ${name} acknowledged ${commit} on timeline ${timeline}, and ${latest.by} took ${latest.timeline} without it`,
      );
    }
    if (this.#newest?.timeline === timeline && this.#newest.by !== name) {
      this.wrong(`one writer of a timeline: ${name} and ${this.#newest.by} acknowledged on ${timeline}`);
    }
    if (timeline >= (this.#newest?.timeline ?? 0)) this.#newest = { commit, by: name, timeline };
    if (!latest || latest.commits.has(commit)) this.#promised.set(commit, `acknowledged by ${name} on ${timeline}`);
  }

  /** What is claimed when a lease has run out must be claimed after the last answer of the one before. */
  #notAfterAnother(name: string, timeline: number): void {
    if (!this.#newest || timeline >= this.#newest.timeline || this.#now() - this.#thawed(name) <= slipMs) return;
    const { by, timeline: newest } = this.#newest;
    this.wrong(
      `no two accept writes at once: ${name} acknowledged on timeline ${timeline} after ${by} did on ${newest}`,
    );
  }

  seen(at: Server, count: number, upFor: number): void {
    if (upFor >= admittedAnyway) return;
    for (const { commit } of at.wal.records.slice(0, count)) {
      if (commit > 0 && !this.#promised.has(commit)) this.#promised.set(commit, `seen on ${at.home.name}`);
    }
  }

  promoted(by: Server, timeline: number): void {
    const { name } = by.home;
    const before = this.#promotions.find((promotion) => promotion.timeline === timeline)?.by;
    if (before !== undefined) this.wrong(`one promotion of a timeline: ${name} and ${before} took ${timeline}`);
    if (timeline > this.#epoch) this.wrong(`a timeline is an epoch: ${name} took ${timeline} in epoch ${this.#epoch}`);
    const mode = this.#modes.get(timeline) ?? 'async';
    const commits = new Set(by.wal.records.map(({ commit }) => commit));
    if (mode === 'sync') this.keeps(`${name} took ${timeline}`, commits);
    else for (const commit of this.#promised.keys()) if (!commits.has(commit)) this.#promised.delete(commit);
    this.#promotions.push({ timeline, by: name, mode, commits });
    this.#promotions.sort((a, b) => a.timeline - b.timeline);
  }

  keeps(who: string, commits: ReadonlySet<number>): void {
    for (const [commit, how] of this.#promised) {
      if (commits.has(commit)) continue;
      this.wrong(`what was acknowledged is kept: ${who} without ${commit}, ${how}`);
      return;
    }
  }

  /** What may not be lost. */
  get promised(): Iterable<number> {
    return this.#promised.keys();
  }

  /** In the end, on whoever is primary then. */
  allIsKept(name: string, wal: Wal): void {
    this.keeps(`${name} is primary in the end`, new Set(wal.records.map(({ commit }) => commit)));
  }

  streams(standby: Server, primary: Server): void {
    if (standby.wal.isBeginningOf(primary.wal)) return;
    this.wrong(`who streams is on the history: ${standby.home.name} is not on that of ${primary.home.name}`);
  }

  /** What the configurations were is known to nobody: no election can be held, and only a person can say who leads (rule 8). */
  get quorumsAreLost(): boolean {
    return this.#deletedAt !== undefined && this.#record !== undefined && anySynchronous(this.#record);
  }

  /** When the lease was deleted that is not there now. */
  get leaseDeletedAt(): number | undefined {
    return this.#deletedAt;
  }

  changed({ plural, type, object }: Change): void {
    if (plural !== 'leases' || object.metadata?.namespace !== namespace) return;
    if (type === 'DELETED') {
      this.#deletedAt = this.#now();
      return;
    }
    // An operator makes an empty one, in which nothing is that was known.
    const record = decodeLease(object as Lease);
    if (record === 'blank') return;
    this.#deletedAt = undefined;
    if (record.epoch < this.#epoch) this.wrong(`epochs grow: ${record.epoch} after ${this.#epoch}`);
    if (record.epoch > this.#epoch) this.#modes.set(record.epoch, this.#record ? modeOf(this.#record) : 'async');
    this.#epoch = Math.max(this.#epoch, record.epoch);
    this.#record = record;
  }
}
