import { readAttributes, refuseUnsupported } from './attributes.ts';
import { checkReadConditions, checkWriteConditions } from './conditions.ts';
import { S3Error } from './errors.ts';
import type { StoredObject } from './objects.ts';
import type { Call, Reply } from './operation.ts';
import { quoted, requireBucket, xmlReply } from './operation.ts';
import { checksumElement } from './checksums.ts';
import { decodeUri } from './uri.ts';

const maxCopyBytes = 5 * 1024 ** 3;

/** The object that x-amz-copy-source names, its conditions checked. */
export function copySource({ request, store }: Call): StoredObject {
  let source: string;
  try {
    source = decodeUri(request.header('x-amz-copy-source') ?? '').replace(/^\//, '');
  } catch {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source is not percent-encoded.');
  }
  const slash = source.indexOf('/');
  const version = /\?versionId=(.*)$/.exec(source)?.[1];
  if (version !== undefined && version !== 'null') throw new S3Error('NotImplemented', 'The store keeps no versions.');
  const bucket = source.slice(0, slash);
  const key = source.slice(slash + 1).replace(/\?versionId=null$/, '');
  if (slash < 1 || key === '') throw new S3Error('InvalidArgument', 'x-amz-copy-source is not of the form bucket/key.');
  if (!store.objects.hasBucket(bucket)) throw new S3Error('NoSuchBucket', `The bucket "${bucket}" does not exist.`);
  const object = store.objects.get(bucket, key);
  if (!object) throw new S3Error('NoSuchKey', 'The source of the copy does not exist.');
  if (checkReadConditions(request, object, 'x-amz-copy-source-')) {
    throw new S3Error('PreconditionFailed', 'At least one of the preconditions of the copy did not hold.');
  }
  return object;
}

/** A copy shares its source's blobs: nothing is read or written but the index. */
export async function copyObject(call: Call): Promise<Reply> {
  const { request, store } = call;
  refuseUnsupported(request);
  const directive = (name: string): boolean => {
    const value = request.header(name) ?? 'COPY';
    if (value !== 'COPY' && value !== 'REPLACE') throw new S3Error('InvalidArgument', `${name} is COPY or REPLACE.`);
    return value === 'REPLACE';
  };
  const [newMetadata, newTags] = [directive('x-amz-metadata-directive'), directive('x-amz-tagging-directive')];
  const given = readAttributes(request);
  const copy = await store.change(() => {
    requireBucket(call);
    checkWriteConditions(request, store.objects.get(request.bucket, request.key));
    const source = copySource(call);
    if (source.size > maxCopyBytes)
      throw new S3Error('InvalidRequest', 'A copy has at most 5 GiB; copy parts instead.');
    const { headers, metadata } = newMetadata ? given : source.attributes;
    const { tags } = newTags ? given : source.attributes;
    const value: StoredObject = { ...source, modified: store.now(), attributes: { headers, metadata, tags } };
    return { value, unused: store.objects.put(request.bucket, request.key, value) };
  });
  return xmlReply([
    'CopyObjectResult',
    [
      ['LastModified', new Date(copy.modified).toISOString()],
      ['ETag', quoted(copy.etag)],
      [checksumElement(copy.checksum.algorithm), copy.checksum.value],
      ['ChecksumType', copy.checksum.type],
    ],
  ]);
}
