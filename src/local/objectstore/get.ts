import { checksumHeaders, objectHeaders } from './attributes.ts';
import type { Blob } from './blobs.ts';
import { checkReadConditions } from './conditions.ts';
import { S3Error } from './errors.ts';
import type { StoredObject } from './objects.ts';
import type { Bytes, Call, Reply } from './operation.ts';
import { noSuchKey, quoted, requireBucket } from './operation.ts';
import type { Store } from './store.ts';

/** A stretch of an object, in bytes. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** GetObject and HeadObject. */
export function getObject(call: Call): Reply {
  const { request, store } = call;
  requireBucket(call);
  refuseVersions(call);
  const object = store.objects.get(request.bucket, request.key);
  if (!object) throw noSuchKey();
  const headers = objectHeaders(object, request);
  if (checkReadConditions(request, object)) {
    return { status: 304, headers: { etag: quoted(object.etag), 'last-modified': headers['last-modified'] ?? '' } };
  }
  const span = partSpan(call, object) ?? rangeSpan(call, object);
  if (span) headers['content-range'] = `bytes ${span.start}-${span.start + span.length - 1}/${object.size}`;
  else if (request.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED')
    Object.assign(headers, checksumHeaders(object));
  const { start, length } = span ?? { start: 0, length: object.size };
  return { status: span ? 206 : 200, headers, body: readSpan(store, object.blobs, { start, length }) };
}

/** Bytes of an object across its blobs. They stay readable when the object is replaced or deleted meanwhile. */
export function readSpan(store: Store, blobs: readonly Blob[], { start, length }: Span): Bytes {
  const pieces: { id: string; start: number; length: number }[] = [];
  let offset = 0;
  for (const blob of blobs) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(start + length - offset, blob.size);
    if (from < to) pieces.push({ id: blob.id, start: from, length: to - from });
    offset += blob.size;
  }
  // Pinned now, in the turn in which the index was asked, not when the first byte is.
  const pin = store.blobs.pin(pieces.map((piece) => piece.id));
  async function* data(): AsyncGenerator<Buffer, void, void> {
    for (const piece of pieces) yield* store.blobs.read(piece.id, piece.start, piece.length);
  }
  return { length, data: data(), release: () => pin[Symbol.dispose]() };
}

function refuseVersions({ request }: Call): void {
  const version = request.parameter('versionId');
  if (version !== undefined && version !== 'null') throw new S3Error('NotImplemented', 'The store keeps no versions.');
}

/** `partNumber` of a GET: the bytes of that part. */
function partSpan({ request }: Call, object: StoredObject): Span | undefined {
  const text = request.parameter('partNumber');
  if (text === undefined) return undefined;
  const part = object.blobs[Number(text) - 1];
  if (!part) throw new S3Error('InvalidRange', 'The object has no such part.');
  if (!object.multipart) return undefined;
  const start = object.blobs.slice(0, Number(text) - 1).reduce((sum, blob) => sum + blob.size, 0);
  return { start, length: part.size };
}

/** One range of bytes; what cannot be read as one means the whole object, as RFC 9110 §14.2 has it. */
function rangeSpan({ request }: Call, object: StoredObject): Span | undefined {
  const { size } = object;
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.header('range')?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const condition = request.header('if-range');
  if (condition !== undefined && condition !== quoted(object.etag)) return undefined;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= size || (first === '' && last === '0')) {
    throw new S3Error('InvalidRange', 'The range is not within the object.', { 'content-range': `bytes */${size}` });
  }
  return { start, length: end - start + 1 };
}
