import type { FilledPart } from './parts.ts';
import { PartBuffers, defaultPartSize, inParts, minPartSize } from './parts.ts';
import type { ObjectAttributes, UploadOptions, UploadResult } from './port.ts';

const defaultConcurrency = 3;
const abortTimeoutMs = 30_000;

export interface UploadPart {
  readonly key: string;
  readonly uploadId: string;
  /** From 1 on. */
  readonly number: number;
  readonly body: Buffer;
}

export interface WholeUpload<P> {
  readonly uploadId: string;
  readonly parts: readonly P[];
  /** Bytes. */
  readonly size: number;
}

/** The calls of a multipart upload, each with its retries. `P` is what the last one says of each part. */
export interface MultipartCalls<P> {
  put(key: string, body: Buffer, options: UploadOptions): Promise<unknown>;
  /** Resolves to the upload's id. */
  start(key: string, attributes: ObjectAttributes, signal: AbortSignal | undefined): Promise<string>;
  part(part: UploadPart, signal: AbortSignal): Promise<P>;
  complete(key: string, upload: WholeUpload<P>, signal: AbortSignal | undefined): Promise<void>;
  abort(key: string, uploadId: string, signal: AbortSignal): Promise<unknown>;
}

/** `ObjectStore.upload` by these calls. */
export async function uploadObject<P>(
  calls: MultipartCalls<P>,
  key: string,
  source: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<UploadResult> {
  const { partSize = defaultPartSize, concurrency = defaultConcurrency, signal } = options;
  if (partSize < minPartSize) throw new RangeError(`partSize is ${partSize}, less than ${minPartSize}`);
  // The first part that fails for good stops its siblings and the source.
  const failed = new AbortController();
  const until = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const buffers = new PartBuffers(partSize, concurrency + 1);
  const parts = inParts(source, buffers, until);
  try {
    const first = await parts.next();
    if (first.done || first.value.length < partSize) {
      const body = first.done ? Buffer.alloc(0) : first.value.buffer.subarray(0, first.value.length);
      await calls.put(key, body, options);
      return { size: body.length, parts: 1 };
    }
    return await multipart(calls, key, { first: first.value, rest: parts, buffers, failed, until }, options);
  } finally {
    await parts.return();
  }
}

interface Sending {
  readonly first: FilledPart;
  readonly rest: AsyncIterable<FilledPart>;
  readonly buffers: PartBuffers;
  readonly failed: AbortController;
  readonly until: AbortSignal;
}

async function multipart<P>(
  calls: MultipartCalls<P>,
  key: string,
  { first, rest, buffers, failed, until }: Sending,
  { signal, ...attributes }: UploadOptions,
): Promise<UploadResult> {
  const uploadId = await calls.start(key, attributes, signal);
  const done: P[] = [];
  const running = new Set<Promise<void>>();
  let size = 0;
  let number = 0;
  // How many run at once is bounded by the buffers: the next part is there only when one of them is free.
  const send = ({ buffer, length }: FilledPart): void => {
    const index = number++;
    size += length;
    const part = calls
      .part({ key, uploadId, number: index + 1, body: buffer.subarray(0, length) }, until)
      .then(
        (completed) => {
          done[index] = completed;
          buffers.release(buffer);
        },
        (error: unknown) => failed.abort(error),
      )
      .finally(() => running.delete(part));
    running.add(part);
  };
  try {
    send(first);
    for await (const part of rest) send(part);
    await Promise.all(running);
    until.throwIfAborted();
    await calls.complete(key, { uploadId, parts: done, size }, signal);
    return { size, parts: number };
  } catch (error) {
    failed.abort(error);
    await Promise.all(running);
    // Without this the parts would be kept, and paid for, out of sight. The caller's signal may be what ended the upload, and the
    // upload's own failure is the one to report: a store that cannot be reached keeps the parts for its clean-up rule.
    await calls.abort(key, uploadId, AbortSignal.timeout(abortTimeoutMs)).catch(() => undefined);
    // The reason itself, not the abort error that the wait for a buffer makes of it.
    throw until.reason ?? error;
  }
}
