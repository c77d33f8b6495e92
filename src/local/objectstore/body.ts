import { createHash } from 'node:crypto';
import type { Blob, BlobStore } from './blobs.ts';
import type { Checksum, ChecksumAlgorithm } from './checksums.ts';
import {
  checkFormat,
  checksumAlgorithms,
  checksumHeader,
  defaultAlgorithm,
  parseAlgorithm,
  startChecksum,
} from './checksums.ts';
import { ChunkDecoder, chunkFraming } from './chunks.ts';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';
import type { Authenticated } from './signature.ts';
import { sha256Hex } from './signature.ts';

const maxObjectBytes = 5 * 1024 ** 3;

/** What the bytes of a body turned out to be. */
export interface BodyDigest {
  readonly size: number;
  /** 32 hexadecimal digits, the MD5 where that was asked for or had to be computed anyway. */
  readonly etag: string;
  readonly checksum: Checksum;
  /** Whether the sender said something that the bytes could be held against, its signature apart. */
  readonly verified: boolean;
}

export interface BodyOptions {
  /** The checksum that is wanted; a sender that gives another one is refused. */
  readonly algorithm?: ChecksumAlgorithm;
  /** Parts of a multipart upload: their ETag only has to tell contents apart. */
  readonly anyEtag?: boolean;
}

interface Expected {
  readonly length: number;
  readonly md5: string | undefined;
  readonly sha256: string | undefined;
  readonly algorithm: ChecksumAlgorithm;
  readonly checksum: string | undefined;
  /** The checksum comes in the trailer. */
  readonly trailer: boolean;
}

/**
 * Gives the data of a request's body to `take` and checks it against all that the sender said of it: length, Content-MD5,
 * payload hash, chunk signatures, checksum in header or trailer. What `take` has got counts only when this resolves.
 */
export async function readBody(
  request: S3Request,
  authenticated: Authenticated,
  take: (data: Buffer) => Promise<void>,
  { algorithm, anyEtag = false }: BodyOptions = {},
): Promise<BodyDigest> {
  const framing = chunkFraming(authenticated.payload);
  const expected = expectations(request, authenticated.payload, algorithm);
  // A refused body is read to its end and forgotten (server.ts): to cut it off would cut off the answer.
  const source: AsyncIterableIterator<Buffer> = request.message.iterator({ destroyOnReturn: false });
  const decoder = framing && new ChunkDecoder(source, framing, authenticated.chunks);
  // The MD5 costs more than all the rest together.
  const needsMd5 = !anyEtag || expected.md5 !== undefined;
  const md5 = needsMd5 ? createHash('md5') : undefined;
  const sha256 = expected.sha256 === undefined ? undefined : createHash('sha256');
  const checksum = startChecksum(expected.algorithm);
  let size = 0;
  for await (const data of decoder?.data() ?? source) {
    size += data.length;
    if (size > expected.length) break;
    md5?.update(data);
    sha256?.update(data);
    checksum.update(data);
    await take(data);
  }
  if (size !== expected.length)
    throw new S3Error('IncompleteBody', 'The body has not the length that its header says.');
  if (sha256 && sha256.digest('hex') !== expected.sha256) {
    throw new S3Error('XAmzContentSHA256Mismatch', 'The body does not match the header x-amz-content-sha256.');
  }
  const md5Digest = md5?.digest();
  if (expected.md5 !== undefined && md5Digest?.toString('base64') !== expected.md5) {
    throw new S3Error('BadDigest', 'The body does not match its Content-MD5.');
  }
  const value = checksum.digest().toString('base64');
  const claimed = expected.trailer ? trailing(decoder, expected.algorithm) : expected.checksum;
  if (claimed !== undefined && claimed !== value) {
    throw new S3Error('BadDigest', `The body does not match its ${expected.algorithm.toUpperCase()} checksum.`);
  }
  return {
    size,
    etag: md5Digest?.toString('hex') ?? (expected.sha256 ?? sha256Hex(`${size} ${value}`)).slice(0, 32),
    checksum: { algorithm: expected.algorithm, type: 'FULL_OBJECT', value },
    verified: claimed !== undefined || expected.md5 !== undefined,
  };
}

/** A body as a blob on the disk; nothing stays behind when it is not what its sender said. */
export async function receiveBlob(
  request: S3Request,
  authenticated: Authenticated,
  blobs: BlobStore,
  options: BodyOptions = {},
): Promise<{ readonly blob: Blob; readonly digest: BodyDigest }> {
  await using writer = await blobs.create();
  const digest = await readBody(request, authenticated, (data) => writer.write(data), options);
  return { blob: await writer.finish(), digest };
}

const maxDocumentBytes = 8 * 1024 * 1024;

export async function receiveDocument(
  request: S3Request,
  authenticated: Authenticated,
): Promise<{ readonly text: string; readonly digest: BodyDigest }> {
  const pieces: Buffer[] = [];
  let held = 0;
  const digest = await readBody(request, authenticated, async (data) => {
    held += data.length;
    if (held > maxDocumentBytes) throw new S3Error('MaxMessageLengthExceeded', 'The document is too large.');
    pieces.push(data);
  });
  return { text: Buffer.concat(pieces).toString('utf8'), digest };
}

function expectations(request: S3Request, payload: string, required: ChecksumAlgorithm | undefined): Expected {
  const named = checksumAlgorithms.filter((algorithm) => request.header(checksumHeader(algorithm)) !== undefined);
  if (named.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  const trailer = trailerAlgorithm(request);
  const declared = named[0] ?? trailer ?? sdkAlgorithm(request);
  if (declared && required && declared !== required) {
    throw new S3Error('InvalidRequest', `Checksum Type mismatch: expected ${required}, got ${declared}.`);
  }
  const checksum = named[0] && request.header(checksumHeader(named[0]));
  if (named[0] && checksum !== undefined) checkFormat(named[0], checksum);
  const md5 = request.header('content-md5');
  if (md5 !== undefined && Buffer.from(md5, 'base64').length !== 16) {
    throw new S3Error('InvalidDigest', 'The Content-MD5 is not a base64 MD5.');
  }
  return {
    length: declaredLength(request, payload),
    md5,
    sha256: payloadHash(payload),
    algorithm: declared ?? required ?? defaultAlgorithm,
    checksum,
    trailer: trailer !== undefined && named.length === 0,
  };
}

function payloadHash(payload: string): string | undefined {
  if (payload === 'UNSIGNED-PAYLOAD' || payload.startsWith('STREAMING-')) return undefined;
  if (!/^[0-9a-f]{64}$/.test(payload)) {
    throw new S3Error('InvalidArgument', 'x-amz-content-sha256 is neither a SHA-256 nor a known keyword.');
  }
  return payload;
}

function declaredLength(request: S3Request, payload: string): number {
  const streaming = payload.startsWith('STREAMING-');
  const text = request.header(streaming ? 'x-amz-decoded-content-length' : 'content-length');
  const bodyless = request.header('transfer-encoding') === undefined && request.method === 'POST';
  if (text === undefined && !streaming && bodyless) return 0;
  if (text === undefined || !/^\d+$/.test(text)) {
    throw new S3Error('MissingContentLength', 'The length of the body has to be given.');
  }
  if (Number(text) > maxObjectBytes) throw new S3Error('EntityTooLarge', 'A single upload has at most 5 GiB.');
  return Number(text);
}

function trailerAlgorithm(request: S3Request): ChecksumAlgorithm | undefined {
  const name = request.header('x-amz-trailer')?.trim().toLowerCase();
  if (name === undefined) return undefined;
  if (!name.startsWith('x-amz-checksum-')) throw new S3Error('InvalidRequest', 'The trailer can only be a checksum.');
  return parseAlgorithm(name.slice('x-amz-checksum-'.length), 'x-amz-trailer');
}

function sdkAlgorithm(request: S3Request): ChecksumAlgorithm | undefined {
  const name = request.header('x-amz-sdk-checksum-algorithm');
  return name === undefined ? undefined : parseAlgorithm(name, 'x-amz-sdk-checksum-algorithm');
}

function trailing(decoder: ChunkDecoder | undefined, algorithm: ChecksumAlgorithm): string {
  const value = decoder?.trailers.get(checksumHeader(algorithm));
  if (value === undefined) throw new S3Error('InvalidRequest', 'The announced trailer did not come.');
  checkFormat(algorithm, value);
  return value;
}
