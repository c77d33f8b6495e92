import { createHash } from 'node:crypto';
import { checksumHeaders } from './attributes.ts';
import { receiveDocument } from './body.ts';
import { checksumElement, checksumHeader, joinChecksums } from './checksums.ts';
import { checkWriteConditions } from './conditions.ts';
import { S3Error } from './errors.ts';
import { requireUpload } from './multipart.ts';
import type { StoredObject } from './objects.ts';
import type { Call, Reply } from './operation.ts';
import { quoted, readXml, requireBucket, unquoted, xmlReply } from './operation.ts';
import type { Part, Upload } from './uploads.ts';
import type { XmlElement } from './xml.ts';
import { childText, childrenNamed } from './xml.ts';

const minPartBytes = 5 * 1024 * 1024;
/** How long a completed upload's answer can be had again. */
const rememberMs = 24 * 3600_000;

export async function completeUpload(call: Call): Promise<Reply> {
  const { request, store, authenticated } = call;
  requireBucket(call);
  const { text } = await receiveDocument(request, authenticated);
  const entries = childrenNamed(readXml(text, 'CompleteMultipartUpload'), 'Part');
  const again = store.uploads.completed(request.parameter('uploadId') ?? '', request.bucket, request.key);
  if (again !== undefined) return result(call, again, {});
  const object = await store.change(() => {
    const upload = requireUpload(call);
    checkWriteConditions(request, store.objects.get(request.bucket, request.key));
    const all = store.uploads.parts(upload.id);
    const value = assemble(call, upload, chosenParts(upload, all, entries));
    const unused = store.objects.put(request.bucket, request.key, value);
    unused.push(...store.objects.dropReferences(all.map((part) => part.blob)));
    store.uploads.remove(upload.id);
    store.uploads.markCompleted(upload, value.etag, value.modified, value.modified - rememberMs);
    return { value, unused };
  });
  return result(call, object.etag, checksumHeaders(object), object);
}

const result = ({ request }: Call, etag: string, headers: Record<string, string>, object?: StoredObject): Reply =>
  xmlReply(
    [
      'CompleteMultipartUploadResult',
      [
        ['Location', `/${request.bucket}/${request.key}`],
        ['Bucket', request.bucket],
        ['Key', request.key],
        ['ETag', quoted(etag)],
        object && [checksumElement(object.checksum.algorithm), object.checksum.value],
        object && ['ChecksumType', object.checksum.type],
      ],
    ],
    headers,
  );

/** The parts that the request names, in its order, each as it was sent. */
function chosenParts(upload: Upload, all: readonly Part[], entries: readonly XmlElement[]): Part[] {
  if (entries.length === 0) throw new S3Error('MalformedXML', 'The request names no part.');
  const known = new Map(all.map((part) => [part.number, part]));
  const element = checksumElement(upload.algorithm);
  let previous = 0;
  const chosen = entries.map((entry) => {
    const number = Number(childText(entry, 'PartNumber'));
    if (!(number > previous)) throw new S3Error('InvalidPartOrder', 'The parts are not in ascending order.');
    previous = number;
    const part = known.get(number);
    const checksum = childText(entry, element);
    if (part?.etag !== unquoted(childText(entry, 'ETag')?.trim() ?? '') || (checksum && checksum !== part.checksum)) {
      throw new S3Error('InvalidPart', `Part ${number} was not uploaded, or its ETag or checksum is another.`);
    }
    return part;
  });
  for (const part of chosen.slice(0, -1)) {
    if (part.size < minPartBytes) throw new S3Error('EntityTooSmall', `Part ${part.number} is smaller than 5 MiB.`);
  }
  return chosen;
}

function assemble({ request, store }: Call, upload: Upload, parts: readonly Part[]): StoredObject {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const announced = request.header('x-amz-mp-object-size');
  if (announced !== undefined && announced !== String(size)) {
    throw new S3Error('InvalidRequest', 'The parts do not add up to x-amz-mp-object-size.');
  }
  const checksum = joinChecksums(upload.algorithm, upload.type, parts);
  const claimed = request.header(checksumHeader(upload.algorithm));
  if (claimed !== undefined && claimed !== checksum.value && claimed !== checksum.value.split('-')[0]) {
    throw new S3Error('BadDigest', 'The object does not match the checksum of the request.');
  }
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.etag, 'hex');
  return {
    etag: `${md5.digest('hex')}-${parts.length}`,
    size,
    modified: store.now(),
    attributes: upload.attributes,
    checksum,
    blobs: parts.map((part) => ({ id: part.blob, size: part.size })),
    multipart: true,
  };
}
