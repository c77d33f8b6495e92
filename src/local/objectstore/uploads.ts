import type { StatementSync } from 'node:sqlite';
import type { ChecksumAlgorithm, ChecksumType } from './checksums.ts';
import type { StoreIndex } from './index.ts';
import type { ObjectAttributes } from './objects.ts';

export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly created: number;
  readonly attributes: ObjectAttributes;
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
}

export interface Part {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
  readonly modified: number;
  /** Of the upload's algorithm, base64. */
  readonly checksum: string;
  readonly blob: string;
}

type Row = Record<string, unknown>;

/** Multipart uploads under way, and those completed lately. Changes are for inside of StoreIndex.commit. */
export class UploadTable {
  readonly #statement: (sql: string) => StatementSync;

  constructor(index: StoreIndex) {
    this.#statement = (sql) => index.statement(sql);
  }

  add({ id, bucket, key, created, attributes, algorithm, type }: Upload): void {
    this.#statement('INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      id,
      bucket,
      Buffer.from(key),
      created,
      JSON.stringify(attributes),
      algorithm,
      type,
    );
  }

  get(id: string): Upload | undefined {
    const row = this.#statement('SELECT * FROM uploads WHERE id = ?').get(id);
    return row && readUpload(row);
  }

  /** Of a bucket, by key and id, those after the pair (key, id). */
  after(bucket: string, key: string, id: string, limit: number): Upload[] {
    const rows = this.#statement(
      'SELECT * FROM uploads WHERE bucket = ? AND (key, id) > (?, ?) ORDER BY key, id LIMIT ?',
    ).all(bucket, Buffer.from(key), id, limit);
    return rows.map(readUpload);
  }

  /** Removes an upload and its parts; the blobs stay for the caller to use or drop. */
  remove(id: string): void {
    this.#statement('DELETE FROM uploads WHERE id = ?').run(id);
    this.#statement('DELETE FROM parts WHERE upload = ?').run(id);
  }

  part(upload: string, number: number): Part | undefined {
    const row = this.#statement('SELECT * FROM parts WHERE upload = ? AND number = ?').get(upload, number);
    return row && readPart(row);
  }

  parts(upload: string, after = 0, limit = 10_000): Part[] {
    const sql = 'SELECT * FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?';
    return this.#statement(sql).all(upload, after, limit).map(readPart);
  }

  putPart(upload: string, { number, etag, size, modified, checksum, blob }: Part): void {
    this.#statement('INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      upload,
      number,
      etag,
      size,
      modified,
      checksum,
      blob,
    );
  }

  /** Remembers for a client whose answer was lost and who asks again; forgets those before `forget`. */
  markCompleted(upload: Upload, etag: string, at: number, forget: number): void {
    this.#statement('DELETE FROM completed WHERE at < ?').run(forget);
    this.#statement('INSERT INTO completed VALUES (?, ?, ?, ?, ?)').run(
      upload.id,
      upload.bucket,
      Buffer.from(upload.key),
      etag,
      at,
    );
  }

  /** The etag that completing this upload gave. */
  completed(id: string, bucket: string, key: string): string | undefined {
    const sql = 'SELECT etag FROM completed WHERE upload = ? AND bucket = ? AND key = ?';
    return this.#statement(sql).get(id, bucket, Buffer.from(key))?.['etag'] as string | undefined;
  }
}

const readUpload = (row: Row): Upload => ({
  id: row['id'] as string,
  bucket: row['bucket'] as string,
  key: Buffer.from(row['key'] as Uint8Array).toString('utf8'),
  created: row['created'] as number,
  attributes: JSON.parse(row['attributes'] as string) as ObjectAttributes,
  algorithm: row['algorithm'] as ChecksumAlgorithm,
  type: row['type'] as ChecksumType,
});

const readPart = (row: Row): Part => ({
  number: row['number'] as number,
  etag: row['etag'] as string,
  size: row['size'] as number,
  modified: row['modified'] as number,
  checksum: row['checksum'] as string,
  blob: row['blob'] as string,
});
