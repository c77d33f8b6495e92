import type { Readable } from 'node:stream';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** What an object is stored with. */
export interface ObjectAttributes {
  /** User metadata: lower-case names, printable ASCII values. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Server-side encryption that the store is asked for. */
  readonly encryption?: 'AES256' | 'aws:kms';
}

/** A body that is made as it is sent, again for each attempt. */
export interface StreamBody {
  /** Bytes. */
  readonly size: number;
  /** Of all bytes. */
  readonly crc32: number;
  /** Chunks are good until the next one is asked for. */
  open(): AsyncIterable<Buffer>;
}

export interface PutOptions extends CallOptions, ObjectAttributes {
  /** Create only: an object that is already there stays as it is and the answer is 'exists'. */
  readonly ifNoneMatch?: boolean;
}

export interface UploadOptions extends CallOptions, ObjectAttributes {
  /** Bytes of a part, at least 5 MiB. See `partSizeFor`. */
  readonly partSize?: number;
  /** Parts on the way at the same time; memory is bounded by (concurrency + 1) × partSize. */
  readonly concurrency?: number;
}

export interface UploadResult {
  /** Bytes taken from the source. */
  readonly size: number;
  /** 1 for a source that fitted into a single put. */
  readonly parts: number;
}

export interface ObjectHead {
  /** Bytes of the whole object, also when only a range of it is read. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface ObjectBody extends ObjectHead {
  /** Read it to its end or destroy it. A connection that breaks half way is taken up again by itself. */
  readonly body: Readable;
}

/** First and last byte, both included; without `end` to the end of the object. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange;
}

export interface ListOptions extends CallOptions {
  /** Keys that hold it after the prefix are reported once, as `kind: 'prefix'`. */
  readonly delimiter?: string;
  /** Only keys after this one. */
  readonly startAfter?: string;
}

export type ListEntry =
  | { readonly kind: 'object'; readonly key: string; readonly size: number; readonly lastModified: Date }
  | { readonly kind: 'prefix'; readonly prefix: string };

/**
 * What Howdah needs of an object store: one bucket, whole keys. Calls retry what is transient, then throw
 * `ObjectStoreError` (errors.ts); an aborted signal throws its reason.
 */
export interface ObjectStore {
  /**
   * 'exists' only with `ifNoneMatch`. After a lost answer the retry can meet its own object: who must know whether the
   * object is the same compares it.
   */
  put(key: string, body: Buffer | StreamBody, options?: PutOptions): Promise<'created' | 'exists'>;
  /** Undefined when there is no such object. */
  get(key: string, options?: GetOptions): Promise<ObjectBody | undefined>;
  head(key: string, options?: CallOptions): Promise<ObjectHead | undefined>;
  /** In the order of the keys' UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListEntry>;
  /** Keys that do not exist count as deleted. */
  delete(keys: readonly string[], options?: CallOptions): Promise<void>;
  /** Multipart straight from memory; a small source becomes a single put. Nothing stays behind when it fails. */
  upload(key: string, source: AsyncIterable<Buffer>, options?: UploadOptions): Promise<UploadResult>;
  /** Gives up the uploads below `prefix` that somebody has begun and not ended: their parts are paid for. Resolves to their number. */
  abortUploads(prefix: string, options?: CallOptions): Promise<number>;
}
