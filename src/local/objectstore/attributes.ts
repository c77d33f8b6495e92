import { checksumHeader } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { ObjectAttributes, StoredObject } from './objects.ts';
import { quoted } from './operation.ts';
import type { S3Request } from './request.ts';
import { parseQuery } from './uri.ts';

const kept = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires'];
const maxMetadataBytes = 2 * 1024;
const maxTags = 10;

/** Refuses what would be promised but not done. */
export function refuseUnsupported(request: S3Request): void {
  for (const name of Object.keys(request.message.headersDistinct)) {
    const encryption =
      name.startsWith('x-amz-server-side-encryption') || name.startsWith('x-amz-copy-source-server-side');
    if (encryption || name.startsWith('x-amz-object-lock')) {
      throw new S3Error('NotImplemented', `This store does not do what the header ${name} asks for.`);
    }
  }
  const storageClass = request.header('x-amz-storage-class');
  if (storageClass !== undefined && storageClass !== 'STANDARD') {
    throw new S3Error('InvalidStorageClass', 'The only storage class is STANDARD.');
  }
  const acl = request.header('x-amz-acl');
  if (acl !== undefined && acl !== 'private' && acl !== 'bucket-owner-full-control') {
    throw new S3Error('AccessControlListNotSupported', 'The store has no access control lists.');
  }
}

export function readAttributes(request: S3Request): ObjectAttributes {
  const headers: Record<string, string> = {};
  for (const name of kept) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  // The framing of the request is no property of the object.
  const encoding = request.header('content-encoding');
  const encodings = encoding?.split(',').map((part) => part.trim());
  const own = encodings?.filter((part) => part !== 'aws-chunked' && part !== '').join(',');
  if (own) headers['content-encoding'] = own;
  const metadata: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.message.headersDistinct)) {
    if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = (values ?? []).join(',');
  }
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > maxMetadataBytes) throw new S3Error('MetadataTooLarge', 'User metadata has at most 2 KiB.');
  return { headers, metadata, tags: readTags(request) };
}

function readTags(request: S3Request): Record<string, string> {
  const header = request.header('x-amz-tagging');
  if (header === undefined) return {};
  try {
    return checkTags(parseQuery(header));
  } catch (error) {
    throw error instanceof S3Error
      ? error
      : new S3Error('InvalidArgument', 'The header x-amz-tagging is not a query string.');
  }
}

export function checkTags(tags: readonly (readonly [string, string])[]): Record<string, string> {
  if (tags.length > maxTags) throw new S3Error('InvalidTag', `An object has at most ${maxTags} tags.`);
  for (const [name, value] of tags) {
    if (name === '' || name.length > 128 || value.length > 256)
      throw new S3Error('InvalidTag', 'A tag is too long or has no key.');
  }
  const checked = Object.fromEntries(tags);
  if (Object.keys(checked).length < tags.length) throw new S3Error('InvalidTag', 'A tag is there twice.');
  return checked;
}

/** Headers of GET and HEAD that describe the object as a whole. */
export function objectHeaders(object: StoredObject, request: S3Request): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    ...object.attributes.headers,
    etag: quoted(object.etag),
    'last-modified': new Date(object.modified).toUTCString(),
    'accept-ranges': 'bytes',
  };
  for (const [name, value] of Object.entries(object.attributes.metadata)) headers[`x-amz-meta-${name}`] = value;
  const tags = Object.keys(object.attributes.tags).length;
  if (tags > 0) headers['x-amz-tagging-count'] = String(tags);
  for (const name of [...kept, 'content-encoding']) {
    const override = request.parameter(`response-${name}`);
    if (override !== undefined) headers[name] = override;
  }
  return headers;
}

export const checksumHeaders = ({ checksum }: StoredObject): Record<string, string> => ({
  [checksumHeader(checksum.algorithm)]: checksum.value,
  'x-amz-checksum-type': checksum.type,
});
