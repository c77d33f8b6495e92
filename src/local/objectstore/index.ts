import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

const schema = `
  CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL, key BLOB NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,
    attributes TEXT NOT NULL, blobs TEXT NOT NULL, PRIMARY KEY (bucket, key)) STRICT;
  CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, references_ INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, created INTEGER NOT NULL, attributes TEXT NOT NULL,
    algorithm TEXT NOT NULL, type TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS uploads_by_key ON uploads (bucket, key, id);
  CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,
    checksum TEXT NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (upload, number)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS completed (
    upload TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, etag TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 1;`;

const version = 1;

/**
 * The index of the store in SQLite: which objects there are and which blobs they are made of. A transaction is the commit of
 * every operation: it is on the disk when `commit` resolves (journal in WAL mode, synchronous=FULL). Keys are stored as bytes, so
 * that SQLite's order is S3's.
 */
export class StoreIndex implements Disposable {
  /** Made by this opening. */
  readonly isNew: boolean;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Waiting[] = [];

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: 0 });
    try {
      // One process at a time; the lock goes with it, however it ends.
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      const found = this.#database.prepare('PRAGMA user_version').get()?.['user_version'];
      if (found !== 0 && found !== version) throw new Error(`it is of version ${String(found)}, not ${version}`);
      this.isNew = found === 0;
      this.#database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Prepared once. */
  statement(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * Runs `change` in a transaction and resolves when it is durable. Changes that come in the same turn of the event loop share
   * one transaction and so one fsync; each is undone by itself when it throws.
   */
  commit<T>(change: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#runAll());
      this.#waiting.push({ change, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #runAll(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const settle: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { change, resolve, reject } of batch) {
        try {
          this.#database.exec('SAVEPOINT change');
          const value = change();
          this.#database.exec('RELEASE change');
          settle.push(() => resolve(value));
        } catch (error) {
          this.#database.exec('ROLLBACK TO change; RELEASE change');
          settle.push(() => reject(error));
        }
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const done of settle) done();
  }
}

interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}
