import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';
import { decodeUri, parseQuery } from './uri.ts';

/** A request as the operations see it. Addressing is path-style only. */
export interface S3Request {
  readonly message: IncomingMessage;
  readonly method: string;
  /** Percent-decoded path, with its slash. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  /** '' for the service itself. */
  readonly bucket: string;
  /** '' for the bucket itself. */
  readonly key: string;
  /** First value of a header, by lower-case name. */
  header(name: string): string | undefined;
  parameter(name: string): string | undefined;
}

const maxKeyBytes = 1024;

export function readRequest(message: IncomingMessage): S3Request {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI', 'The request target is not a path.');
  let path: string;
  let query: [string, string][];
  try {
    path = decodeUri(rawPath);
    query = mark < 0 ? [] : parseQuery(url.slice(mark + 1));
  } catch {
    throw new S3Error('InvalidURI', 'The path or the query is not percent-encoded UTF-8.');
  }
  const slash = path.indexOf('/', 1);
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const key = slash < 0 ? '' : path.slice(slash + 1);
  if (Buffer.byteLength(key) > maxKeyBytes) throw new S3Error('KeyTooLongError', 'A key has at most 1024 bytes.');
  return {
    message,
    method: message.method ?? 'GET',
    path,
    query,
    bucket,
    key,
    header: (name) => message.headersDistinct[name]?.[0],
    parameter: (name) => query.find(([parameter]) => parameter === name)?.[1],
  };
}
