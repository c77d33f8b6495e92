import type { TimelineHistory } from '../../postgres/timeline.ts';
import type { Files } from './files.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';
import type { SynchronousReplication, Walsender } from './synchronous.ts';
import type { Wal, WalRecord } from './wal.ts';

/** What a server has around it. */
export interface PostgresHome {
  readonly name: string;
  readonly files: Files;
  readonly data: string;
  readonly scheduler: Scheduler;
  readonly random: Random;
  syncTime(): number;
  readonly diskBroken: boolean;
  wallClock(): number;
  /** The server that listens at an address, as far as the network lets it be reached. */
  serverAt(ip: string): Server | undefined;
  /** Both ways. */
  connected(other: string): boolean;
  note(text: string): void;
  exited(pid: number, status: number): void;
  /** For those who check. */
  readonly witness: Witness;
}

export interface Witness {
  acknowledged(by: Server, commit: number): void;
  promoted(by: Server, timeline: number): void;
  streams(standby: Server, primary: Server): void;
  submitted(): number;
  /** So many records of the beginning are there for all to see: a server that crashed lets clients in, up for so many milliseconds. */
  seen(at: Server, count: number, upFor: number): void;
}

/** A running PostgreSQL, as others see it. */
export interface Server {
  readonly home: PostgresHome;
  readonly process: Process;
  readonly wal: Wal;
  readonly status: 'starting' | 'ready' | 'stopping';
  readonly standby: boolean;
  readonly timeline: number;
  readonly alive: boolean;
  readonly running: boolean;
  readonly serves: boolean;
  readonly senders: Set<Sender>;
  history(timeline: number): TimelineHistory;
  receive(record: WalRecord): void;
  readonly synchronous: SynchronousReplication;
}

/** A standby's connection, as its primary sees it. */
export interface Sender extends Walsender {
  /** How many times its standby has said where it is. */
  readonly replies: number;
  readonly standby: Server;
  pump(): void;
  lost(): void;
}
