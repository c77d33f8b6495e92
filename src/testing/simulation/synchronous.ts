// Synchronous replication as PostgreSQL does it (src/backend/replication/syncrep.c): who commits waits as long as the checkpointer has
// seen names at all; waiters are released by the walsenders, each by its own copy of the setting, when a standby has replied.
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Quorum {
  readonly method: 'any' | 'first';
  readonly number: number;
  readonly names: readonly string[];
}

/** A value of synchronous_standby_names; undefined when nobody is waited for. */
export function quorumOf(setting: string): Quorum | undefined {
  const [, method, number, list] = /^(ANY|FIRST) (\d+) \((.*)\)$/i.exec(setting) ?? [];
  if (number === undefined || list === undefined) return undefined;
  const names = list.split(',').map((name) => name.trim().replaceAll('"', ''));
  return { method: method?.toUpperCase() === 'FIRST' ? 'first' : 'any', number: Number(number), names };
}

/** What releasing needs to know of a walsender, and keeps for it. */
export interface Walsender {
  readonly open: boolean;
  readonly name: string;
  /** Records that its standby has said to have on disk. */
  readonly confirmed: number;
  /** Its own copy of the setting. */
  quorum: Quorum | undefined;
  /** A signal to read it anew has come. */
  stale: boolean;
}

/** Its place in its own copy of the names, from 1; 0: not one of them. */
const priority = ({ quorum, name }: Walsender): number => 1 + (quorum?.names.indexOf(name) ?? -1);

interface Waiting {
  readonly commit: number;
  readonly count: number;
  readonly since: number;
}

export interface SynchronousPorts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly senders: ReadonlySet<Walsender>;
  /** Runs later, if the server still lives. */
  readonly later: (milliseconds: number, run: () => void) => void;
  readonly serves: () => boolean;
  readonly acknowledge: (commit: number) => void;
}

/** Commits that wait, and who releases them. */
export class SynchronousReplication {
  /** As a session sees it that is opened now. */
  setting = '';
  readonly #ports: SynchronousPorts;
  /** What the checkpointer has told all. */
  #defined = false;
  #released = 0;
  #waiting: Waiting[] = [];

  constructor(ports: SynchronousPorts) {
    this.#ports = ports;
  }

  /** Milliseconds for which the oldest waits. */
  get longestWait(): number {
    const [oldest] = this.#waiting;
    return oldest ? this.#ports.scheduler.now - oldest.since : 0;
  }

  /** The postmaster has read it; walsenders and the checkpointer come to it later. */
  load(setting: string, starting: boolean): void {
    this.setting = setting;
    const defined = quorumOf(setting) !== undefined;
    if (starting) this.#defined = defined;
    for (const sender of this.#ports.senders) {
      sender.stale = true;
      this.#ports.later(this.#ports.random.between(0, 400), () => this.#adopt(sender));
    }
    this.#ports.later(this.#ports.random.between(0, 30), () => {
      this.#defined = quorumOf(this.setting) !== undefined;
      // Whoever waits is woken as if he had been waited for: so PostgreSQL does it.
      if (!this.#defined) this.#release(Infinity);
    });
  }

  #adopt(sender: Walsender): void {
    if (!sender.stale) return;
    sender.stale = false;
    sender.quorum = quorumOf(this.setting);
  }

  /** A walsender begins to stream: with the setting of now. */
  begin(sender: Walsender): void {
    sender.stale = false;
    sender.quorum = quorumOf(this.setting);
  }

  /** On disk here. */
  commit(commit: number, count: number): void {
    this.#waiting.push({ commit, count, since: this.#ports.scheduler.now });
    if (!this.#defined) this.#release(Infinity);
    else this.#release(this.#released);
  }

  /** A reply of its standby: it may be taken with the setting of before, the next one not. */
  replied(sender: Walsender): void {
    if (this.#ports.random.chance(0.5)) this.#adopt(sender);
    if (priority(sender) > 0) this.#release(Math.max(this.#released, this.#flushedBy(sender.quorum)));
    this.#adopt(sender);
  }

  /** Records that enough of those have who take themselves for synchronous. */
  #flushedBy(quorum: Quorum | undefined): number {
    if (quorum === undefined) return 0;
    const candidates = [...this.#ports.senders].filter((sender) => sender.open && priority(sender) > 0);
    if (candidates.length < quorum.number) return 0;
    const counts = (chosen: readonly Walsender[]): number[] =>
      chosen.map(({ confirmed }) => confirmed).sort((a, b) => b - a);
    if (quorum.method === 'any') return counts(candidates)[quorum.number - 1] ?? 0;
    const first = candidates.sort((a, b) => priority(a) - priority(b)).slice(0, quorum.number);
    return counts(first).at(-1) ?? 0;
  }

  #release(upTo: number): void {
    if (!this.#ports.serves()) return;
    if (upTo !== Infinity) this.#released = upTo;
    const done = this.#waiting.filter(({ count }) => count <= upTo);
    if (done.length === 0) return;
    this.#waiting = this.#waiting.filter(({ count }) => count > upTo);
    for (const { commit } of done) this.#ports.acknowledge(commit);
  }

  /** Sessions that wait are ended: their clients do not know. */
  forget(): void {
    this.#waiting = [];
  }
}
