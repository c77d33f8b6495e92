import type { TimelineHistory } from '../../postgres/timeline.ts';
import type { Files } from './files.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';
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
  release(): void;
}

/** A standby's connection, as its primary sees it. */
export interface Sender {
  readonly open: boolean;
  /** Records that the standby has said to have on disk. */
  readonly confirmed: number;
  /** application_name of the standby. */
  readonly name: string;
  /** How many times it has said where it is. */
  readonly replies: number;
  readonly standby: Server;
  pump(): void;
  lost(): void;
}
