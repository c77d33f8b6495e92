import type { CompletedPart } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ObjectStoreError } from './errors.ts';
import { defaultPartSize, inParts, maxParts, minPartSize } from './parts.ts';
import type { UploadOptions, UploadResult } from './port.ts';
import type { S3Context } from './s3-call.ts';
import { attributeParameters, call } from './s3-call.ts';
import { putObject } from './s3-put.ts';

const abortTimeoutMs = 30_000;

export async function uploadObject(
  context: S3Context,
  key: string,
  source: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<UploadResult> {
  const partSize = options.partSize ?? defaultPartSize;
  if (partSize < minPartSize) throw new RangeError(`partSize is ${partSize}, less than ${minPartSize}`);
  const parts = inParts(source, partSize);
  try {
    const first = await parts.next();
    const firstPart = first.done ? Buffer.alloc(0) : first.value;
    if (firstPart.length < partSize) {
      await putObject(context, key, firstPart, options);
      return { size: firstPart.length, parts: 1 };
    }
    return await multipart(context, key, { first: firstPart, rest: parts }, options);
  } finally {
    await parts.return();
  }
}

async function multipart(
  context: S3Context,
  key: string,
  source: { first: Buffer; rest: AsyncIterable<Buffer> },
  { concurrency = 3, signal, ...attributes }: UploadOptions,
): Promise<UploadResult> {
  const target = { Bucket: context.bucket, Key: key };
  const { UploadId } = await call(context, `start upload of "${key}"`, signal, (send) =>
    context.client.send(
      new CreateMultipartUploadCommand({
        ...target,
        ...attributeParameters(attributes),
      }),
      send,
    ),
  );
  if (UploadId === undefined)
    throw new ObjectStoreError('other', `start upload of "${key}" in ${context.where}: no upload id`);
  // One part that fails stops its siblings.
  const failed = new AbortController();
  const until = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const done: CompletedPart[] = [];
  const running = new Set<Promise<void>>();
  let size = 0;
  const sendPart = async (number: number, body: Buffer): Promise<void> => {
    const answer = await call(context, `upload part ${number} of "${key}"`, until, (send) =>
      context.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: number, Body: body }), send),
    );
    done[number - 1] = {
      PartNumber: number,
      ETag: answer.ETag,
      ...(answer.ChecksumCRC32 !== undefined && { ChecksumCRC32: answer.ChecksumCRC32 }),
    };
  };
  const start = async (number: number, body: Buffer): Promise<void> => {
    if (number > maxParts) {
      throw new ObjectStoreError(
        'other',
        `upload "${key}" in ${context.where}: more than ${maxParts} parts; use larger parts`,
      );
    }
    size += body.length;
    const part = sendPart(number, body)
      .catch((error: unknown) => {
        if (!failed.signal.aborted) failed.abort(error);
      })
      .finally(() => running.delete(part));
    running.add(part);
    if (running.size >= concurrency) await Promise.race(running);
    until.throwIfAborted();
  };
  try {
    let number = 1;
    await start(number, source.first);
    for await (const body of source.rest) await start(++number, body);
    await Promise.all(running);
    until.throwIfAborted();
    await complete(context, key, { UploadId, parts: done }, signal);
    return { size, parts: number };
  } catch (error) {
    failed.abort(error);
    await Promise.all(running);
    await abort(context, key, UploadId);
    throw error;
  }
}

async function complete(
  context: S3Context,
  key: string,
  { UploadId, parts }: { UploadId: string; parts: CompletedPart[] },
  signal: AbortSignal | undefined,
): Promise<void> {
  await call(context, `complete upload of "${key}"`, signal, (send) =>
    context.client.send(
      new CompleteMultipartUploadCommand({
        Bucket: context.bucket,
        Key: key,
        UploadId,
        MultipartUpload: { Parts: parts },
      }),
      send,
    ),
  );
}

/** Without this the parts would be kept, and paid for, out of sight. The caller's signal may be what ended the upload. */
async function abort(context: S3Context, key: string, UploadId: string): Promise<void> {
  try {
    await call(context, `abort upload of "${key}"`, AbortSignal.timeout(abortTimeoutMs), (send) =>
      context.client.send(new AbortMultipartUploadCommand({ Bucket: context.bucket, Key: key, UploadId }), send),
    );
  } catch {
    // The upload's own failure is the one to report; a store that cannot be reached keeps the parts for its clean-up rule.
  }
}
