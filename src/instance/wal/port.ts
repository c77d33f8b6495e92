// What the local HTTP server asks of the WAL archive and of the restore. Implemented in wal/ and recovery/.

export type ArchiveOutcome =
  | { readonly outcome: 'archived' }
  /** Nothing to do here: no archive configured, or this instance is not the one that archives. */
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly message: string }
  /** PostgreSQL is being stopped and must not try again: what is left is shipped after the next start, or by the successor. */
  | { readonly outcome: 'given-up'; readonly message: string };

export interface WalArchiver {
  /** `path` is absolute: pg_wal/<segment or history file>. PostgreSQL asks again after a failure. */
  archive(path: string, signal: AbortSignal): Promise<ArchiveOutcome>;
}

export type RestoreOutcome =
  | { readonly outcome: 'restored' }
  /** The archive is known not to hold the file; PostgreSQL goes on with streaming or ends recovery. */
  | { readonly outcome: 'absent' }
  /** The archive cannot be asked just now; `fatal` when PostgreSQL must not go on without an answer. */
  | { readonly outcome: 'failed'; readonly message: string; readonly fatal: boolean };

export interface WalRestorer {
  /** Puts `file` at the absolute `path`, whole or not at all. */
  restore(file: string, path: string, signal: AbortSignal): Promise<RestoreOutcome>;
}

export interface WalHandlers {
  readonly archiver: WalArchiver;
  readonly restorer: WalRestorer;
}
