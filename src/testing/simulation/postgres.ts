import { historyName, segmentName } from '../../postgres/wal-name.ts';
import { parseHistory, renderHistory, type TimelineHistory } from '../../postgres/timeline.ts';
import { type Control, encodeControl, stateOf } from './control-file.ts';
import type { Process } from './scheduler.ts';
import type { PostgresHome, Sender, Server } from './server.ts';
import { Stream } from './stream.ts';
import { SynchronousReplication } from './synchronous.ts';
import { segmentSize, type Wal, type WalRecord } from './wal.ts';

const settingOf = (file: unknown, name: string): string =>
  new RegExp(`^${name} = '(.*)'$`, 'm').exec(typeof file === 'string' ? file : '')?.[1] ?? '';

const conninfoOf = (override: string): string | undefined => {
  const found = /^primary_conninfo = '(.*)'$/m.exec(override)?.[1];
  return found && /hostaddr=\\?'*([0-9.]+)/.exec(found)?.[1];
};

/** One postmaster from its start to its end, over the data directory of its machine. */
export class Postgres implements Server {
  readonly home: PostgresHome;
  readonly process: Process;
  readonly wal: Wal;
  status: 'starting' | 'ready' | 'stopping' = 'starting';
  standby: boolean;
  timeline: number;
  loadedAt: number;
  replayed = 0;
  received: number | undefined;
  stream: Stream | undefined;
  /** To the standbys that stream from here. */
  readonly senders = new Set<Sender>();
  readonly synchronous: SynchronousReplication;
  /** Records that were there when it came up, and when it did; what of them was never acknowledged the first who is let in sees. */
  #recovered: { readonly count: number; readonly at: number } | undefined;
  /** Whether its last life ended without a word. */
  readonly #crashed: boolean;
  /** No client is let in. */
  closed = false;
  #control: Control;
  #promoting = false;

  constructor(home: PostgresHome, process: Process) {
    this.home = home;
    this.process = process;
    this.wal = home.files.read(this.at('pg_wal/.log')) as Wal;
    this.standby = home.files.has(this.at('standby.signal'));
    this.#crashed = !this.standby && stateOf(home.files.read(this.at('global/pg_control'))) !== 'shut down';
    this.synchronous = new SynchronousReplication({
      ...{ scheduler: home.scheduler, random: home.random, senders: this.senders },
      later: (milliseconds, run) => this.#later(milliseconds, run),
      serves: () => this.serves,
      acknowledge: (commit) => home.witness.acknowledged(this, commit),
    });
    this.timeline = this.wal.timeline;
    this.loadedAt = home.wallClock();
    this.#control = {
      state: this.standby ? 'in archive recovery' : 'in production',
      checkpoint: this.wal.lsn,
      timeline: this.timeline,
      minRecovery: 0,
      minRecoveryTimeline: 0,
    };
    this.#pidFile('starting');
    this.#later(home.random.between(80, 600), () => this.#ready());
  }

  at(name: string): string {
    return `${this.home.data}/${name}`;
  }

  get alive(): boolean {
    return this.process.alive;
  }

  get running(): boolean {
    return this.process.alive && !this.process.paused;
  }

  get serves(): boolean {
    return this.running && this.status === 'ready' && !this.standby;
  }

  /** Only while it lives, and not while it is stopped. */
  #later(milliseconds: number, run: () => void): void {
    const attempt = (): void => {
      if (!this.process.alive) return;
      if (this.process.paused) this.home.scheduler.after(50, attempt);
      else run();
    };
    this.home.scheduler.after(milliseconds, attempt);
  }

  #pidFile(status: string): void {
    const lines = [this.process.pid, this.home.data, 1, 5432, '', '', '', status];
    this.home.files.write(this.at('postmaster.pid'), lines.join('\n'));
  }

  #setControl(change: Partial<Control>): void {
    this.#control = { ...this.#control, ...change };
    this.home.files.writeDurably(this.at('global/pg_control'), encodeControl(this.#control));
  }

  #textOf(name: string): unknown {
    const file = this.at(name);
    return this.home.files.has(file) ? this.home.files.read(file) : undefined;
  }

  #load(starting: boolean): void {
    const names = ['override.conf', 'custom.conf'].map((name) =>
      settingOf(this.#textOf(name), 'synchronous_standby_names'),
    );
    this.synchronous.load(names.find((found) => found !== '') ?? '', starting);
    this.closed = /^host all all all reject$/m.test((this.#textOf('pg_hba.conf') as string | undefined) ?? '');
  }

  emitMessage(): void {
    if (this.serves) this.#append(0);
  }

  #ready(): void {
    this.status = 'ready';
    this.#load(true);
    this.#recovered = { count: this.wal.records.length, at: this.home.scheduler.now };
    this.replayed = this.wal.records.length;
    this.#pidFile('ready');
    this.#setControl({});
    this.home.note(`PostgreSQL is up as ${this.standby ? 'standby' : 'primary'} at ${this.timeline}/${this.wal.lsn}`);
    if (this.standby) this.#follow();
  }

  reload(): void {
    this.#later(this.home.random.between(2, 30), () => {
      this.loadedAt = this.home.wallClock();
      this.#load(false);
      if (this.standby && this.status === 'ready') this.#follow();
    });
  }

  /** Streams from whom override.conf names, if anybody. */
  #follow(): void {
    const override = this.at('override.conf');
    const { files } = this.home;
    const text = files.has(override) ? (files.read(override) as string) : '';
    const wanted = conninfoOf(text);
    const name = /application_name=\\?'*([\w-]+)/.exec(text)?.[1] ?? this.home.name;
    if (wanted === this.stream?.address && (wanted === undefined || name === this.stream?.name)) return;
    this.stream?.close();
    this.stream = wanted === undefined ? undefined : new Stream(this, wanted, name);
  }

  /** As a standby: a record of the primary has arrived. */
  receive(record: WalRecord): void {
    this.wal.records.push(record);
    this.received = record.lsn;
    this.timeline = record.timeline;
    this.#segment(record);
    const count = this.wal.records.length;
    this.#later(this.home.syncTime(), () => {
      if (this.home.diskBroken || this.wal.records.length < count) return;
      this.wal.flushed = Math.max(this.wal.flushed, count);
      this.stream?.confirm(count);
    });
    this.#later(this.home.random.between(1, 40), () => {
      if (!this.#promoting) this.replayed = Math.max(this.replayed, Math.min(count, this.wal.records.length));
    });
  }

  #segment({ timeline, lsn }: Pick<WalRecord, 'timeline' | 'lsn'>): void {
    const name = segmentName(timeline, BigInt(Math.floor((lsn - 1) / segmentSize)), segmentSize);
    const file = this.at(`pg_wal/${name}`);
    if (!this.home.files.has(file)) this.home.files.writeDurably(file, '');
  }

  /** A client's transaction. It is acknowledged when it is on disk, here and where it has to be. */
  commit(): void {
    if (!this.serves || this.closed) return;
    if (this.#recovered && this.#crashed) {
      const upFor = this.home.scheduler.now - this.#recovered.at;
      this.home.witness.seen(this, this.#recovered.count, upFor);
    }
    this.#recovered = undefined;
    this.#append(this.home.witness.submitted());
  }

  #append(commit: number): void {
    const record = { lsn: this.wal.lsn + this.home.random.integer(8, 96) * 1024, timeline: this.timeline, commit };
    this.wal.records.push(record);
    this.#segment(record);
    const count = this.wal.records.length;
    this.#later(this.home.syncTime(), () => {
      if (this.home.diskBroken) return;
      this.wal.flushed = Math.max(this.wal.flushed, count);
      for (const sender of this.senders) sender.pump();
      if (commit > 0) this.synchronous.commit(commit, count);
    });
  }

  promote(): void {
    if (!this.standby || this.#promoting) return;
    this.#promoting = true;
    this.stream?.close();
    this.stream = undefined;
    this.#recovered = undefined;
    this.#later(this.home.random.between(10, 120), () => {
      this.replayed = this.wal.records.length;
      const history = this.#newHistory();
      this.home.files.writeDurably(this.at(`pg_wal/${historyName(history.timeline)}`), renderHistory(history));
      this.#later(this.home.random.between(0, 5), () => this.#promoted(history.timeline));
    });
  }

  /** PostgreSQL takes the first number above its own for which there is no history file. */
  #newHistory(): TimelineHistory {
    let timeline = this.wal.timeline + 1;
    while (this.home.files.has(this.at(`pg_wal/${historyName(timeline)}`))) timeline++;
    const parent = this.history(this.wal.timeline);
    const left = { timeline: parent.timeline, end: BigInt(this.wal.lsn), reason: 'promoted' };
    return { timeline, switches: [...parent.switches, left] };
  }

  history(timeline: number): TimelineHistory {
    const file = this.at(`pg_wal/${historyName(timeline)}`);
    if (timeline === 1 || !this.home.files.has(file)) return { timeline, switches: [] };
    return parseHistory(timeline, this.home.files.read(file) as string);
  }

  #promoted(timeline: number): void {
    this.home.files.removeDurably(this.at('standby.signal'));
    this.standby = false;
    this.#promoting = false;
    this.timeline = timeline;
    this.home.note(`PostgreSQL is promoted to timeline ${timeline} at ${this.wal.timeline}/${this.wal.lsn}`);
    this.home.witness.promoted(this, timeline);
    this.#setControl({ state: 'in production', minRecovery: this.wal.lsn, minRecoveryTimeline: timeline });
    this.#append(0);
    // Until then pg_control names the timeline of before as that of its checkpoint.
    this.#later(this.home.random.between(100, 4000), () => this.checkpoint());
  }

  checkpoint(): void {
    if (this.standby || this.status !== 'ready') return;
    const { lsn, timeline } = this.wal;
    this.#setControl({ checkpoint: lsn, timeline, minRecovery: 0, minRecoveryTimeline: 0 });
  }

  signal(name: string): void {
    if (name === 'SIGKILL') this.end(137, false);
    else if (name === 'SIGSTOP') this.home.scheduler.pause(this.process);
    else if (name === 'SIGHUP') this.reload();
    else if (name === 'SIGQUIT') this.#later(this.home.random.between(1, 40), () => this.end(2, true));
    else if (name === 'SIGTERM' || name === 'SIGINT') this.#shutDown();
  }

  #shutDown(): void {
    if (this.status === 'stopping') return;
    const starting = this.status === 'starting';
    this.status = 'stopping';
    this.#pidFile('stopping');
    this.synchronous.forget();
    if (!this.standby && !starting) this.#append(0);
    const began = this.home.scheduler.now;
    const wait = (): void => {
      const behind = [...this.senders].some((sender) => sender.open && sender.confirmed < this.wal.records.length);
      const unflushed = this.wal.flushed < this.wal.records.length;
      // A walsender that hears nothing gives up after its timeout.
      if (!starting && (unflushed || (behind && this.home.scheduler.now - began < 5000))) this.#later(20, wait);
      else {
        const { lsn, timeline } = this.wal;
        const state = this.standby ? 'shut down in recovery' : 'shut down';
        if (!this.home.diskBroken)
          this.#setControl({ state, ...(this.standby ? {} : { checkpoint: lsn, timeline, minRecoveryTimeline: 0 }) });
        this.end(0, true);
      }
    };
    this.#later(this.home.random.between(20, 200), wait);
  }

  /** The power is gone: what is not on disk never was. The others hear nothing. */
  abandon(): void {
    this.stream?.close();
    this.wal.records.length = this.wal.flushed;
  }

  end(status: number, clean: boolean): void {
    if (!this.process.alive) return;
    this.process.alive = false;
    this.stream?.close();
    for (const sender of this.senders) sender.lost();
    // What was written and not synced is in the system's cache, or was still in the server's own.
    if (this.home.random.chance(0.5)) this.wal.records.length = this.wal.flushed;
    else this.wal.flushed = this.wal.records.length;
    if (clean) this.home.files.removeDurably(this.at('postmaster.pid'));
    this.home.note(`PostgreSQL has ended (${status})`);
    this.home.exited(this.process.pid, status);
  }
}
