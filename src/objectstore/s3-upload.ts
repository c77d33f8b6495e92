import type { CompletedPart } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ObjectStoreError, errorCode, errorKind } from './errors.ts';
import type { FilledPart } from './parts.ts';
import { PartBuffers, defaultPartSize, inParts, maxParts, minPartSize } from './parts.ts';
import type { UploadOptions, UploadResult } from './port.ts';
import type { S3Context } from './s3-call.ts';
import { attributeParameters, call } from './s3-call.ts';
import { headObject, putObject } from './s3-put.ts';

const defaultConcurrency = 3;
const abortTimeoutMs = 30_000;

export async function uploadObject(
  context: S3Context,
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
      await putObject(context, key, body, options);
      return { size: body.length, parts: 1 };
    }
    return await multipart(context, key, { first: first.value, rest: parts, buffers, failed, until }, options);
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

async function multipart(
  context: S3Context,
  key: string,
  { first, rest, buffers, failed, until }: Sending,
  { signal, ...attributes }: UploadOptions,
): Promise<UploadResult> {
  const uploadId = await start(context, key, attributes, signal);
  const done: CompletedPart[] = [];
  const running = new Set<Promise<void>>();
  let size = 0;
  let number = 0;
  // How many run at once is bounded by the buffers: the next part is there only when one of them is free.
  const send = ({ buffer, length }: FilledPart): void => {
    const index = number++;
    size += length;
    const part = sendPart(context, { key, uploadId, number: index + 1, body: buffer.subarray(0, length) }, until)
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
    await complete(context, key, { uploadId, parts: done, size }, signal);
    return { size, parts: number };
  } catch (error) {
    failed.abort(error);
    await Promise.all(running);
    await abort(context, key, uploadId);
    // The reason itself, not the abort error that the wait for a buffer makes of it.
    throw until.reason ?? error;
  }
}

async function start(
  context: S3Context,
  key: string,
  attributes: UploadOptions,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { UploadId } = await call(context, `start upload of "${key}"`, signal, async (send) =>
    context.client.send(
      new CreateMultipartUploadCommand({
        Bucket: context.bucket,
        Key: key,
        // The parts will have checksums, and a store may insist on having been told.
        ...((await checksums(context)) && { ChecksumAlgorithm: 'CRC32' as const }),
        ...attributeParameters(attributes),
      }),
      send,
    ),
  );
  if (UploadId !== undefined) return UploadId;
  throw new ObjectStoreError('other', `start upload of "${key}" in ${context.where}: no upload id`);
}

const checksums = async ({ client }: S3Context): Promise<boolean> =>
  (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';

interface SentPart {
  readonly key: string;
  readonly uploadId: string;
  readonly number: number;
  readonly body: Buffer;
}

async function sendPart(
  context: S3Context,
  { key, uploadId, number, body }: SentPart,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const what = `upload part ${number} of "${key}"`;
  if (number > maxParts) {
    throw new ObjectStoreError('other', `${what} in ${context.where}: more than ${maxParts} parts; use larger ones`);
  }
  const { ETag, ChecksumCRC32 } = await call(context, what, signal, (send) =>
    context.client.send(
      new UploadPartCommand({ Bucket: context.bucket, Key: key, UploadId: uploadId, PartNumber: number, Body: body }),
      send,
    ),
  );
  return { PartNumber: number, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) };
}

async function complete(
  context: S3Context,
  key: string,
  { uploadId, parts, size }: { uploadId: string; parts: CompletedPart[]; size: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { Bucket: context.bucket, Key: key, UploadId: uploadId, MultipartUpload: { Parts: parts } };
  let tries = 0;
  await call(context, `complete upload of "${key}"`, signal, async (send) => {
    tries++;
    try {
      await context.client.send(new CompleteMultipartUploadCommand(request), send);
    } catch (error) {
      // Not every store remembers what it has completed when its answer got lost.
      if (tries === 1 || errorCode(error) !== 'NoSuchUpload') throw error;
      if ((await headObject(context, key, signal))?.ContentLength !== size) throw error;
    }
  });
}

/** Without this the parts would be kept, and paid for, out of sight. The caller's signal may be what ended the upload. */
async function abort(context: S3Context, key: string, uploadId: string): Promise<void> {
  try {
    await call(context, `abort upload of "${key}"`, AbortSignal.timeout(abortTimeoutMs), (send) =>
      context.client.send(
        new AbortMultipartUploadCommand({ Bucket: context.bucket, Key: key, UploadId: uploadId }),
        send,
      ),
    );
  } catch {
    // The upload's own failure is the one to report; a store that cannot be reached keeps the parts for its clean-up rule.
  }
}

export async function abortUploads(
  context: S3Context,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  let more: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (more) {
    const from: { KeyMarker?: string; UploadIdMarker?: string } = more;
    const page = await call(context, `list uploads below "${prefix}"`, signal, (send) =>
      context.client.send(new ListMultipartUploadsCommand({ Bucket: context.bucket, Prefix: prefix, ...from }), send),
    );
    for (const { Key, UploadId } of page.Uploads ?? []) {
      const upload = new AbortMultipartUploadCommand({ Bucket: context.bucket, Key, UploadId });
      await call(context, `abort upload of "${Key}"`, signal, async (send) => {
        try {
          await context.client.send(upload, send);
        } catch (error) {
          if (errorKind(error) !== 'not-found') throw error;
        }
      });
      count++;
    }
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    more = IsTruncated && KeyMarker && UploadIdMarker ? { KeyMarker, UploadIdMarker } : undefined;
  }
  return count;
}
