import { checksumElement } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { ListedObject } from './objects.ts';
import type { Call, Reply } from './operation.ts';
import { numberParameter, quoted, requireBucket, xmlReply } from './operation.ts';
import type { Store } from './store.ts';
import { encodePath } from './uri.ts';
import type { XmlNode } from './xml.ts';

export interface Listing {
  readonly prefix: string;
  readonly delimiter: string;
  /** Entries (keys and common prefixes) up to and with this one are left out. */
  readonly after: string;
  readonly limit: number;
}

export interface Page {
  readonly objects: readonly ListedObject[];
  readonly prefixes: readonly string[];
  /** The last entry, when there are more. */
  readonly next: string | undefined;
}

/** The least string of bytes that is greater than every string with this prefix; undefined when there is none. */
function successor(prefix: Buffer): Buffer | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const next = Buffer.from(prefix.subarray(0, length));
  next[length - 1] = (next[length - 1] ?? 0) + 1;
  return next;
}

const greater = (a: Buffer, b: Buffer): Buffer => (Buffer.compare(a, b) > 0 ? a : b);

export function listPage({ objects: table }: Pick<Store, 'objects'>, bucket: string, listing: Listing): Page {
  const { prefix, delimiter, after, limit } = listing;
  const objects: ListedObject[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  const justAfter = after === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from(after), Buffer.alloc(1)]);
  let from: Buffer | undefined = greater(Buffer.from(prefix), justAfter);
  while (from) {
    let skipTo: Buffer | undefined;
    for (const object of table.from(bucket, from)) {
      if (!object.key.startsWith(prefix)) return { objects, prefixes, next: undefined };
      const at = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
      const common = at < 0 ? undefined : object.key.slice(0, at + delimiter.length);
      const seen = common !== undefined && common === after;
      if (!seen && objects.length + prefixes.length >= limit) return { objects, prefixes, next: last };
      if (common === undefined) objects.push(object);
      else {
        if (!seen) prefixes.push(common);
        skipTo = successor(Buffer.from(common));
      }
      if (!seen) last = common ?? object.key;
      if (common !== undefined) break;
    }
    from = skipTo;
  }
  return { objects, prefixes, next: undefined };
}

type Encode = (text: string) => string;

function encoder({ request }: Call): Encode {
  const type = request.parameter('encoding-type');
  if (type !== undefined && type !== 'url') throw new S3Error('InvalidArgument', 'encoding-type can only be url.');
  return type === 'url' ? encodePath : (text) => text;
}

const contents = (page: Page, encode: Encode): XmlNode[] => [
  ...page.objects.map((object): XmlNode => [
    'Contents',
    [
      ['Key', encode(object.key)],
      ['LastModified', new Date(object.modified).toISOString()],
      ['ETag', quoted(object.etag)],
      ['ChecksumAlgorithm', checksumElement(object.checksum.algorithm).slice('Checksum'.length)],
      ['ChecksumType', object.checksum.type],
      ['Size', object.size],
      ['StorageClass', 'STANDARD'],
    ],
  ]),
  ...page.prefixes.map((prefix): XmlNode => ['CommonPrefixes', [['Prefix', encode(prefix)]]]),
];

export function listObjectsV2(call: Call): Reply {
  const { request, store } = call;
  requireBucket(call);
  const encode = encoder(call);
  const parameter = (name: string): string => request.parameter(name) ?? '';
  const [prefix, delimiter, startAfter] = [parameter('prefix'), parameter('delimiter'), parameter('start-after')];
  const token = request.parameter('continuation-token');
  if (token === '') throw new S3Error('InvalidArgument', 'The continuation token is empty.');
  const after = token === undefined ? startAfter : Buffer.from(token, 'base64url').toString('utf8');
  const limit = numberParameter(call, 'max-keys', 1000);
  const page = limit === 0 ? emptyPage : listPage(store, request.bucket, { prefix, delimiter, after, limit });
  return xmlReply([
    'ListBucketResult',
    [
      ['Name', request.bucket],
      ['Prefix', encode(prefix)],
      delimiter === '' ? undefined : ['Delimiter', encode(delimiter)],
      startAfter === '' ? undefined : ['StartAfter', encode(startAfter)],
      token === undefined ? undefined : ['ContinuationToken', token],
      request.parameter('encoding-type') === undefined ? undefined : ['EncodingType', 'url'],
      ['MaxKeys', limit],
      ['KeyCount', page.objects.length + page.prefixes.length],
      ['IsTruncated', page.next !== undefined],
      page.next === undefined ? undefined : ['NextContinuationToken', Buffer.from(page.next).toString('base64url')],
      ...contents(page, encode),
    ],
  ]);
}

export function listObjectsV1(call: Call): Reply {
  const { request, store } = call;
  requireBucket(call);
  const encode = encoder(call);
  const parameter = (name: string): string => request.parameter(name) ?? '';
  const [prefix, delimiter, marker] = [parameter('prefix'), parameter('delimiter'), parameter('marker')];
  const limit = numberParameter(call, 'max-keys', 1000);
  const page = limit === 0 ? emptyPage : listPage(store, request.bucket, { prefix, delimiter, after: marker, limit });
  return xmlReply([
    'ListBucketResult',
    [
      ['Name', request.bucket],
      ['Prefix', encode(prefix)],
      ['Marker', encode(marker)],
      delimiter === '' ? undefined : ['Delimiter', encode(delimiter)],
      request.parameter('encoding-type') === undefined ? undefined : ['EncodingType', 'url'],
      ['MaxKeys', limit],
      ['IsTruncated', page.next !== undefined],
      page.next === undefined ? undefined : ['NextMarker', encode(page.next)],
      ...contents(page, encode),
    ],
  ]);
}

const emptyPage: Page = { objects: [], prefixes: [], next: undefined };
