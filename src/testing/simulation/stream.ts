import { isAncestor } from '../../postgres/timeline.ts';
import { historyName } from '../../postgres/wal-name.ts';
import type { Sender, Server } from './server.ts';
import type { Quorum } from './synchronous.ts';
import { segmentSize } from './wal.ts';

const retryMs = 1000;
const timeoutMs = 5000;

/** A WAL receiver and its sender: connects, asks from where it is, receives what the primary has on disk. */
export class Stream implements Sender {
  readonly address: string;
  readonly name: string;
  readonly #standby: Server;
  #primary: Server | undefined;
  #sent = 0;
  #arrival = 0;
  #closed = false;
  #stalledSince: number | undefined;
  /** Records that the standby has said to have on disk. */
  confirmed = 0;
  replies = 0;
  /** The walsender's own. */
  quorum: Quorum | undefined;
  stale = false;

  constructor(standby: Server, address: string, name: string) {
    this.#standby = standby;
    this.address = address;
    this.name = name;
    this.#after(3, () => this.#connect());
  }

  get open(): boolean {
    return this.#primary !== undefined;
  }

  get standby(): Server {
    return this.#standby;
  }

  #after(milliseconds: number, run: () => void): void {
    this.#standby.home.scheduler.after(milliseconds, () => {
      if (!this.#closed && this.#standby.alive) run();
    });
  }

  #connect(): void {
    if (this.#primary) return;
    const { home, wal } = this.#standby;
    const primary = home.serverAt(this.address);
    if (!this.#standby.running || !primary?.running || primary.status !== 'ready' || !this.#accepted(primary)) {
      this.#after(retryMs, () => this.#connect());
      return;
    }
    this.#primary = primary;
    primary.senders.add(this);
    primary.synchronous.begin(this);
    home.note(`streams from ${primary.home.name}`);
    home.witness.streams(this.#standby, primary);
    this.#fetchHistories(primary);
    this.#sent = wal.records.length;
    this.#after(5, () => this.confirm(wal.flushed));
    this.pump();
    this.#after(1000, () => this.#keepAlive(primary));
  }

  /** A primary that is gone without a word, or does not get through, is given up after a while. */
  #keepAlive(primary: Server): void {
    if (this.#primary !== primary) return;
    this.pump();
    this.confirm(this.#standby.wal.flushed);
    this.#after(300, () => this.#keepAlive(primary));
  }

  /** The server looks where the segment begins that is asked for: not further than where its history left that timeline. */
  #accepted(primary: Server): boolean {
    const { wal } = this.#standby;
    const start = BigInt(Math.floor(wal.lsn / segmentSize) * segmentSize);
    return isAncestor(primary.history(primary.timeline), wal.timeline, start);
  }

  /** A receiver asks for the histories of all timelines that it has not heard of. */
  #fetchHistories(primary: Server): void {
    const { files, data } = this.#standby.home;
    for (const { timeline } of [...primary.history(primary.timeline).switches, primary]) {
      const name = `pg_wal/${historyName(timeline)}`;
      const theirs = `${primary.home.data}/${name}`;
      if (files.has(`${data}/${name}`) || !primary.home.files.has(theirs)) continue;
      files.writeDurably(`${data}/${name}`, primary.home.files.read(theirs));
    }
  }

  /** Sends what is on the primary's disk. */
  pump(): void {
    const primary = this.#primary;
    if (!primary || this.#closed) return;
    const { scheduler, random } = primary.home;
    if (!primary.home.connected(this.#standby.home.name) || !this.#standby.running || !primary.running) {
      this.#stalledSince ??= scheduler.now;
      if (scheduler.now - this.#stalledSince > timeoutMs) this.lost();
      return;
    }
    this.#stalledSince = undefined;
    const records = primary.wal.records.slice(this.#sent, primary.wal.flushed);
    if (records.length === 0) return;
    this.#sent += records.length;
    // One after the other, as TCP has it.
    this.#arrival = Math.max(this.#arrival, scheduler.now + random.between(0.3, 4));
    this.#after(this.#arrival - scheduler.now, () => {
      if (this.#primary !== primary) return;
      // Where a timeline ends the receiver asks for the history of the next one.
      if (records.some(({ timeline }) => timeline !== this.#standby.wal.timeline)) this.#fetchHistories(primary);
      for (const record of records) this.#standby.receive(record);
    });
  }

  confirm(count: number): void {
    const primary = this.#primary;
    if (!primary) return;
    this.#after(0.5, () => {
      if (this.#primary !== primary || !primary.home.connected(this.#standby.home.name)) return;
      this.confirmed = Math.max(this.confirmed, count);
      this.replies += 1;
      if (primary.running) primary.synchronous.replied(this);
    });
  }

  /** The connection broke; the receiver tries again. */
  lost(): void {
    if (!this.#primary) return;
    this.#primary.senders.delete(this);
    this.#primary = undefined;
    this.confirmed = 0;
    this.#after(retryMs, () => this.#connect());
  }

  close(): void {
    this.#primary?.senders.delete(this);
    this.#primary = undefined;
    this.#closed = true;
  }
}
