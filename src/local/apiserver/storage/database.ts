import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const schemaVersion = 1;

export interface StoredRow {
  readonly resource: string;
  readonly key: string;
  readonly json: string;
}

/** A change as it is kept: what it replaced (null: it created the object) and its revision. */
export interface ChangeRow {
  readonly revision: number;
  readonly resource: string;
  readonly key: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly previous: string | null;
}

export interface Write extends ChangeRow {
  /** The object after the change; null when it was deleted. */
  readonly json: string | null;
}

/** The SQLite file of the API server: objects and the newest changes. One process owns it. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #log: StatementSync;
  readonly #compact: StatementSync;

  constructor(file: string) {
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      this.#db = new DatabaseSync(file);
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -2000;
        PRAGMA wal_autocheckpoint = 1000;
        CREATE TABLE IF NOT EXISTS meta (version INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS objects (resource TEXT, key TEXT, json TEXT NOT NULL, PRIMARY KEY (resource, key)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS changes (revision INTEGER PRIMARY KEY, resource TEXT NOT NULL, key TEXT NOT NULL, type TEXT NOT NULL, previous TEXT);
        INSERT INTO meta SELECT ${schemaVersion} WHERE NOT EXISTS (SELECT 1 FROM meta);`);
      const version = this.#db.prepare('SELECT version FROM meta').get()?.['version'];
      if (version !== schemaVersion)
        throw new Error(`it was written by another version of Howdah (layout ${String(version)})`);
      this.#put = this.#db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?)');
      this.#drop = this.#db.prepare('DELETE FROM objects WHERE resource = ? AND key = ?');
      this.#log = this.#db.prepare('INSERT INTO changes VALUES (?, ?, ?, ?, ?)');
      this.#compact = this.#db.prepare('DELETE FROM changes WHERE revision < ?');
    } catch (error) {
      throw new Error(`cannot use the state file ${file}: ${(error as Error).message}`, { cause: error });
    }
  }

  objects(): Iterable<StoredRow> {
    return this.#db.prepare('SELECT resource, key, json FROM objects').iterate() as unknown as Iterable<StoredRow>;
  }

  /** The kept changes, newest first. */
  changes(): ChangeRow[] {
    return this.#db.prepare('SELECT * FROM changes ORDER BY revision DESC').all() as unknown as ChangeRow[];
  }

  /** Writes all or none, on disk when it returns; forgets changes before `oldest`. */
  commit(writes: readonly Write[], oldest: number): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const write of writes) {
        if (write.json === null) this.#drop.run(write.resource, write.key);
        else this.#put.run(write.resource, write.key, write.json);
        this.#log.run(write.revision, write.resource, write.key, write.type, write.previous);
      }
      this.#compact.run(oldest);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }
}
