// Multipart uploads (Amazon S3 API reference, CreateMultipartUpload, UploadPart, CompleteMultipartUpload).
import { crc32 } from 'node:zlib';
import { ObjectStoreError, errorCode } from './errors.ts';
import { attributeHeaders, drop, ignoreMissing } from './light-attributes.ts';
import type { LightClient } from './light-call.ts';
import { readDocument } from './light-http.ts';
import { textOf } from './light-xml.ts';
import { maxParts } from './parts.ts';
import type { ObjectHead, StreamBody, UploadOptions } from './port.ts';
import type { MultipartCalls, UploadPart, WholeUpload } from './upload.ts';

interface SentPart {
  readonly number: number;
  readonly etag: string;
  /** Base64, when the store has said it. */
  readonly crc32: string | undefined;
}

/** What the client can do anyway. */
interface Whole {
  readonly put: (key: string, body: Buffer, options: UploadOptions) => Promise<unknown>;
  readonly head: (key: string, signal: AbortSignal | undefined) => Promise<ObjectHead | undefined>;
}

export const lightCalls = (
  client: LightClient,
  whole: Whole,
): MultipartCalls<SentPart> & { abort(key: string, uploadId: string, signal?: AbortSignal): Promise<void> } => ({
  put: whole.put,
  start: (key, attributes, signal) =>
    client.call(`start upload of "${key}"`, signal, async (at) => {
      // The parts will have checksums, and a store may insist on having been told.
      const headers = {
        ...attributeHeaders(attributes),
        ...(client.checksums && { 'x-amz-checksum-algorithm': 'CRC32' }),
      };
      const answer = await at.once({ method: 'POST', key, query: { uploads: '' }, headers }, signal);
      const id = textOf(await readDocument(answer), 'UploadId');
      if (id !== undefined) return id;
      throw new ObjectStoreError('other', `start upload of "${key}" in ${client.where}: no upload id`);
    }),
  part: (part, signal) => sendPart(client, part, signal),
  complete: (key, upload, signal) => complete(client, whole, { ...upload, key }, signal),
  abort: (key, uploadId, signal) =>
    client.call(`abort upload of "${key}"`, signal, async (at) => {
      await at.once({ method: 'DELETE', key, query: { uploadId } }, signal).then(drop, ignoreMissing);
    }),
});

/** Bytes that are given to the socket at once: it makes a copy of what it encrypts. */
const sliceSize = 256 * 1024;

function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += sliceSize) yield body.subarray(at, at + sliceSize);
}

async function sendPart(
  client: LightClient,
  { key, uploadId, number, body }: UploadPart,
  signal: AbortSignal,
): Promise<SentPart> {
  const what = `upload part ${number} of "${key}"`;
  if (number > maxParts) {
    throw new ObjectStoreError('other', `${what} in ${client.where}: more than ${maxParts} parts; use larger ones`);
  }
  const stream: StreamBody = {
    size: body.length,
    crc32: crc32(body),
    async *open() {
      yield* slices(body);
    },
  };
  return client.call(what, signal, async (at) => {
    const query = { partNumber: `${number}`, uploadId };
    const answer = await at.once({ method: 'PUT', key, query, body: stream }, signal);
    drop(answer);
    const sum = answer.headers['x-amz-checksum-crc32'];
    return { number, etag: answer.headers.etag ?? '', crc32: typeof sum === 'string' ? sum : undefined };
  });
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function listOf(parts: readonly SentPart[]): Buffer {
  const entries = parts.map(({ number, etag, crc32: sum }) => {
    const checksum = sum === undefined ? '' : `<ChecksumCRC32>${escape(sum)}</ChecksumCRC32>`;
    return `<Part><PartNumber>${number}</PartNumber><ETag>${escape(etag)}</ETag>${checksum}</Part>`;
  });
  const root = 'CompleteMultipartUpload';
  return Buffer.from(`<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${entries.join('')}</${root}>`);
}

async function complete(
  client: LightClient,
  { head }: Pick<Whole, 'head'>,
  { key, uploadId, parts, size }: WholeUpload<SentPart> & { readonly key: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const body = listOf(parts);
  const headers = { 'content-type': 'application/xml' };
  let tries = 0;
  await client.call(`complete upload of "${key}"`, signal, async (at) => {
    tries++;
    try {
      const request = { method: 'POST', key, query: { uploadId }, headers, body, instruction: true } as const;
      const text = await readDocument(await at.once(request, signal));
      // The store begins its answer before it knows how it ends.
      if (text.includes('<CompleteMultipartUploadResult')) return;
      const said = { name: textOf(text, 'Code') ?? 'InternalError', $metadata: { httpStatusCode: 500 } };
      throw Object.assign(new Error(textOf(text, 'Message') ?? 'the store did not say that it is complete'), said);
    } catch (error) {
      // Not every store remembers what it has completed when its answer got lost.
      if (tries === 1 || errorCode(error) !== 'NoSuchUpload') throw error;
      if ((await head(key, signal))?.size !== size) throw error;
    }
  });
}
