import type { CompletedPart } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ObjectStoreError, errorCode, errorKind } from './errors.ts';
import { maxParts } from './parts.ts';
import type { ObjectAttributes } from './port.ts';
import type { S3Context } from './s3-call.ts';
import { attributeParameters, call } from './s3-call.ts';
import { headObject, putObject } from './s3-put.ts';
import type { MultipartCalls, UploadPart, WholeUpload } from './upload.ts';

/** The calls of a multipart upload by the SDK. */
export const sdkCalls = (context: S3Context): MultipartCalls<CompletedPart> => ({
  put: (key, body, options) => putObject(context, key, body, options),
  start: (key, attributes, signal) => start(context, key, attributes, signal),
  part: (part, signal) => sendPart(context, part, signal),
  complete: (key, upload, signal) => complete(context, key, upload, signal),
  abort: (key, uploadId, signal) =>
    call(context, `abort upload of "${key}"`, signal, (send) =>
      context.client.send(
        new AbortMultipartUploadCommand({ Bucket: context.bucket, Key: key, UploadId: uploadId }),
        send,
      ),
    ),
});

async function start(
  context: S3Context,
  key: string,
  attributes: ObjectAttributes,
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

async function sendPart(
  context: S3Context,
  { key, uploadId, number, body }: UploadPart,
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
  { uploadId, parts, size }: WholeUpload<CompletedPart>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { Bucket: context.bucket, Key: key, UploadId: uploadId, MultipartUpload: { Parts: [...parts] } };
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
