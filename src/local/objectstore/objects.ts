import type { StatementSync } from 'node:sqlite';
import type { Blob } from './blobs.ts';
import type { Checksum } from './checksums.ts';
import type { StoreIndex } from './index.ts';

/** What an object has besides its bytes. */
export interface ObjectAttributes {
  /** Content-Type and the other headers that come back as they were sent, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** x-amz-meta-*, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly etag: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  readonly attributes: ObjectAttributes;
  readonly checksum: Checksum;
  /** In the order of the bytes; for a multipart object one for each part. */
  readonly blobs: readonly Blob[];
  readonly multipart: boolean;
}

export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly modified: number;
  readonly checksum: Checksum;
}

type Stored = { attributes: ObjectAttributes; checksum: Checksum; multipart: boolean };

const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString('utf8');

/** Buckets and objects in the index. Changes are for inside of StoreIndex.commit; they return the blobs that nobody names any more. */
export class ObjectTable {
  readonly #statement: (sql: string) => StatementSync;

  constructor(index: StoreIndex) {
    this.#statement = (sql) => index.statement(sql);
  }

  buckets(): { name: string; created: number }[] {
    const rows = this.#statement('SELECT name, created FROM buckets ORDER BY name').all();
    return rows.map((row) => ({ name: String(row['name']), created: Number(row['created']) }));
  }

  hasBucket(name: string): boolean {
    return this.#statement('SELECT 1 FROM buckets WHERE name = ?').get(name) !== undefined;
  }

  /** False when it was there. */
  addBucket(name: string, created: number): boolean {
    return this.#statement('INSERT OR IGNORE INTO buckets VALUES (?, ?)').run(name, created).changes > 0;
  }

  isEmpty(bucket: string): boolean {
    return this.#statement('SELECT 1 FROM objects WHERE bucket = ? LIMIT 1').get(bucket) === undefined;
  }

  removeBucket(name: string): void {
    this.#statement('DELETE FROM buckets WHERE name = ?').run(name);
  }

  get(bucket: string, key: string): StoredObject | undefined {
    const row = this.#statement('SELECT * FROM objects WHERE bucket = ? AND key = ?').get(bucket, Buffer.from(key));
    if (!row) return undefined;
    const stored = JSON.parse(String(row['attributes'])) as Stored;
    const blobs = JSON.parse(String(row['blobs'])) as [string, number][];
    return {
      ...stored,
      etag: String(row['etag']),
      size: Number(row['size']),
      modified: Number(row['modified']),
      blobs: blobs.map(([id, size]) => ({ id, size })),
    };
  }

  put(bucket: string, key: string, object: StoredObject): string[] {
    const { etag, size, modified, attributes, checksum, multipart, blobs } = object;
    for (const blob of blobs) this.addReference(blob.id);
    const unused = this.remove(bucket, key);
    const stored: Stored = { attributes, checksum, multipart };
    this.#statement('INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      bucket,
      Buffer.from(key),
      etag,
      size,
      modified,
      JSON.stringify(stored),
      JSON.stringify(blobs.map((blob) => [blob.id, blob.size])),
    );
    return unused;
  }

  remove(bucket: string, key: string): string[] {
    const old = this.get(bucket, key);
    if (!old) return [];
    this.#statement('DELETE FROM objects WHERE bucket = ? AND key = ?').run(bucket, Buffer.from(key));
    return this.dropReferences(old.blobs.map((blob) => blob.id));
  }

  /** Objects whose keys are `from` or greater, in the order of their bytes. */
  *from(bucket: string, from: Buffer): Generator<ListedObject, void, void> {
    const sql =
      'SELECT key, etag, size, modified, attributes FROM objects WHERE bucket = ? AND key >= ? ORDER BY key LIMIT 1001';
    for (let start = from; ;) {
      const rows = this.#statement(sql).all(bucket, start);
      for (const row of rows) {
        yield {
          key: text(row['key']),
          etag: String(row['etag']),
          size: Number(row['size']),
          modified: Number(row['modified']),
          checksum: (JSON.parse(String(row['attributes'])) as Stored).checksum,
        };
      }
      const last = rows.at(-1);
      if (rows.length < 1001 || !last) return;
      start = Buffer.concat([last['key'] as Uint8Array, Buffer.alloc(1)]);
    }
  }

  addReference(blob: string): void {
    this.#statement('INSERT INTO blobs VALUES (?, 1) ON CONFLICT DO UPDATE SET references_ = references_ + 1').run(
      blob,
    );
  }

  dropReferences(blobs: readonly string[]): string[] {
    return blobs.filter((blob) => {
      this.#statement('UPDATE blobs SET references_ = references_ - 1 WHERE id = ?').run(blob);
      return this.#statement('DELETE FROM blobs WHERE id = ? AND references_ <= 0').run(blob).changes > 0;
    });
  }

  isReferenced(blob: string): boolean {
    return this.#statement('SELECT 1 FROM blobs WHERE id = ?').get(blob) !== undefined;
  }
}
