import { createHash, randomBytes } from 'node:crypto';
import { readAttributes, refuseUnsupported } from './attributes.ts';
import { receiveBlob } from './body.ts';
import {
  checkType,
  checksumElement,
  checksumHeader,
  defaultAlgorithm,
  defaultType,
  parseAlgorithm,
  startChecksum,
} from './checksums.ts';
import { copySource } from './copy.ts';
import { S3Error } from './errors.ts';
import { readSpan } from './get.ts';
import type { Call, Reply } from './operation.ts';
import { noContent, numberParameter, quoted, requireBucket, xmlReply } from './operation.ts';
import type { Part, Upload } from './uploads.ts';
import type { XmlNode } from './xml.ts';

const maxPartNumber = 10_000;

export async function createUpload(call: Call): Promise<Reply> {
  const { request, store } = call;
  requireBucket(call);
  refuseUnsupported(request);
  const named = request.header('x-amz-checksum-algorithm');
  const algorithm = named === undefined ? defaultAlgorithm : parseAlgorithm(named, 'x-amz-checksum-algorithm');
  const asked = request.header('x-amz-checksum-type');
  // Without the sender's wish the checksum of the whole is the more useful one.
  const type =
    asked !== undefined ? checkType(algorithm, asked) : named === undefined ? 'FULL_OBJECT' : defaultType(algorithm);
  const upload: Upload = {
    id: randomBytes(24).toString('base64url'),
    bucket: request.bucket,
    key: request.key,
    created: store.now(),
    attributes: readAttributes(request),
    algorithm,
    type,
  };
  await store.change(() => {
    requireBucket(call);
    store.uploads.add(upload);
    return { value: undefined };
  });
  return xmlReply(
    [
      'InitiateMultipartUploadResult',
      [
        ['Bucket', request.bucket],
        ['Key', request.key],
        ['UploadId', upload.id],
      ],
    ],
    named === undefined ? {} : { 'x-amz-checksum-algorithm': algorithm.toUpperCase(), 'x-amz-checksum-type': type },
  );
}

export function requireUpload(call: Call): Upload {
  const { request, store } = call;
  requireBucket(call);
  const upload = store.uploads.get(request.parameter('uploadId') ?? '');
  if (upload?.bucket !== request.bucket || upload.key !== request.key) {
    throw new S3Error('NoSuchUpload', 'The upload does not exist; it may have been completed or aborted.');
  }
  return upload;
}

function partNumber({ request }: Call): number {
  const number = Number(request.parameter('partNumber') || NaN);
  if (!Number.isInteger(number) || number < 1 || number > maxPartNumber) {
    throw new S3Error('InvalidArgument', `partNumber is between 1 and ${maxPartNumber}.`);
  }
  return number;
}

export async function uploadPart(call: Call): Promise<Reply> {
  const { request, store, authenticated } = call;
  const upload = requireUpload(call);
  refuseUnsupported(request);
  const number = partNumber(call);
  const { blob, digest } = await receiveBlob(request, authenticated, store.blobs, {
    algorithm: upload.algorithm,
    anyEtag: true,
  });
  const checksum = digest.checksum.value;
  await commitPart(call, {
    number,
    etag: digest.etag,
    size: blob.size,
    modified: store.now(),
    checksum,
    blob: blob.id,
  });
  return { status: 200, headers: { etag: quoted(digest.etag), [checksumHeader(upload.algorithm)]: checksum } };
}

export async function uploadPartCopy(call: Call): Promise<Reply> {
  const { request, store } = call;
  const upload = requireUpload(call);
  refuseUnsupported(request);
  const number = partNumber(call);
  const source = copySource(call);
  const range = request.header('x-amz-copy-source-range');
  const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? `bytes=0-${source.size - 1}`);
  const [start, end] = match ? [Number(match[1]), Number(match[2])] : [1, 0];
  if (source.size > 0 && (end < start || end >= source.size)) {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source-range is not within the source.');
  }
  const md5 = createHash('md5');
  const sum = startChecksum(upload.algorithm);
  const bytes = readSpan(store, source.blobs, { start, length: end - start + 1 });
  await using writer = await store.blobs.create();
  try {
    for await (const data of bytes.data) {
      md5.update(data);
      sum.update(data);
      await writer.write(data);
    }
  } finally {
    bytes.release();
  }
  const blob = await writer.finish();
  const [etag, checksum, modified] = [md5.digest('hex'), sum.digest().toString('base64'), store.now()];
  await commitPart(call, { number, etag, size: blob.size, modified, checksum, blob: blob.id });
  return xmlReply([
    'CopyPartResult',
    [
      ['LastModified', new Date(modified).toISOString()],
      ['ETag', quoted(etag)],
      [checksumElement(upload.algorithm), checksum],
    ],
  ]);
}

/** A part that is sent again replaces the earlier one. */
async function commitPart(call: Call, part: Part): Promise<void> {
  const { store } = call;
  try {
    await store.change(() => {
      const { id } = requireUpload(call);
      const old = store.uploads.part(id, part.number);
      store.objects.addReference(part.blob);
      store.uploads.putPart(id, part);
      return { value: undefined, unused: old ? store.objects.dropReferences([old.blob]) : [] };
    });
  } catch (error) {
    await store.blobs.remove([part.blob]);
    throw error;
  }
}

export async function abortUpload(call: Call): Promise<Reply> {
  const { store } = call;
  await store.change(() => {
    const { id } = requireUpload(call);
    const blobs = store.uploads.parts(id).map((part) => part.blob);
    store.uploads.remove(id);
    return { value: undefined, unused: store.objects.dropReferences(blobs) };
  });
  return noContent;
}

export function listParts(call: Call): Reply {
  const upload = requireUpload(call);
  const after = numberParameter(call, 'part-number-marker', maxPartNumber, 0, 0);
  const limit = numberParameter(call, 'max-parts', 1000);
  const found = call.store.uploads.parts(upload.id, after, limit + 1);
  const parts = found.slice(0, limit);
  return xmlReply([
    'ListPartsResult',
    [
      ['Bucket', upload.bucket],
      ['Key', upload.key],
      ['UploadId', upload.id],
      ['PartNumberMarker', after],
      ['NextPartNumberMarker', parts.at(-1)?.number ?? after],
      ['MaxParts', limit],
      ['IsTruncated', found.length > limit],
      ['ChecksumAlgorithm', upload.algorithm.toUpperCase()],
      ['ChecksumType', upload.type],
      ...parts.map((part): XmlNode => [
        'Part',
        [
          ['PartNumber', part.number],
          ['LastModified', new Date(part.modified).toISOString()],
          ['ETag', quoted(part.etag)],
          ['Size', part.size],
          [checksumElement(upload.algorithm), part.checksum],
        ],
      ]),
    ],
  ]);
}

export function listUploads(call: Call): Reply {
  const { request, store } = call;
  requireBucket(call);
  if (request.parameter('delimiter')) throw new S3Error('NotImplemented', 'Uploads are listed without a delimiter.');
  const [prefix, keyMarker] = [request.parameter('prefix') ?? '', request.parameter('key-marker') ?? ''];
  // Without an id, uploads of the marker's own key are passed over; ids are shorter and less than this.
  const idMarker = request.parameter('upload-id-marker') || (keyMarker === '' ? '' : '\u{10ffff}');
  const limit = numberParameter(call, 'max-uploads', 1000, 1);
  const all = store.uploads
    .after(request.bucket, keyMarker, idMarker, 1_000_000)
    .filter(({ key }) => key.startsWith(prefix));
  const page = all.slice(0, limit);
  const last = page.at(-1);
  return xmlReply([
    'ListMultipartUploadsResult',
    [
      ['Bucket', request.bucket],
      ['Prefix', prefix],
      ['KeyMarker', keyMarker],
      ['MaxUploads', limit],
      ['IsTruncated', all.length > limit],
      all.length > limit && last ? ['NextKeyMarker', last.key] : undefined,
      all.length > limit && last ? ['NextUploadIdMarker', last.id] : undefined,
      ...page.map((upload): XmlNode => [
        'Upload',
        [
          ['Key', upload.key],
          ['UploadId', upload.id],
          ['Initiated', new Date(upload.created).toISOString()],
          ['StorageClass', 'STANDARD'],
        ],
      ]),
    ],
  ]);
}
