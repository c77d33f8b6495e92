import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';
import type { Authenticated } from './signature.ts';
import type { Store } from './store.ts';
import type { XmlElement, XmlNode } from './xml.ts';
import { parseXml, renderXml } from './xml.ts';

/** A verified request and what it works on. */
export interface Call {
  readonly request: S3Request;
  readonly authenticated: Authenticated;
  readonly store: Store;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Bytes;
}

/** Bytes of blobs, which stay readable until they are released. */
export interface Bytes {
  readonly length: number;
  readonly data: AsyncIterable<Buffer>;
  release(): void;
}

export type Operation = (call: Call) => Reply | Promise<Reply>;

export const xmlReply = (document: XmlNode, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body: renderXml(document),
});

export const noContent: Reply = { status: 204 };
export const quoted = (etag: string): string => `"${etag}"`;
export const unquoted = (etag: string): string => etag.replace(/^"(.*)"$/s, '$1');

export function requireBucket({ store, request }: Call): void {
  if (!store.objects.hasBucket(request.bucket)) {
    throw new S3Error('NoSuchBucket', `The bucket "${request.bucket}" does not exist.`);
  }
}

export const noSuchKey = (): S3Error => new S3Error('NoSuchKey', 'The key does not exist.');

export function readXml(text: string, root: string): XmlElement {
  let element: XmlElement;
  try {
    element = parseXml(text);
  } catch (error) {
    throw new S3Error('MalformedXML', `The XML of the body cannot be read: ${(error as Error).message}.`);
  }
  if (element.name !== root) throw new S3Error('MalformedXML', `The XML of the body is no ${root}.`);
  return element;
}

/** A number in the query between bounds; values above the upper one count as it. */
export function numberParameter({ request }: Call, name: string, most: number, least = 0, otherwise = most): number {
  const value = request.parameter(name);
  if (value === undefined || value === '') return otherwise;
  if (!/^\d{1,9}$/.test(value) || Number(value) < least)
    throw new S3Error('InvalidArgument', `${name} is out of range.`);
  return Math.min(Number(value), most);
}
