import { S3Error } from './errors.ts';
import type { StoredObject } from './objects.ts';
import { noSuchKey, unquoted } from './operation.ts';
import type { S3Request } from './request.ts';

const lists = (header: string, etag: string): boolean =>
  header.split(',').some((entry) => entry.trim() === '*' || unquoted(entry.trim().replace(/^W\//, '')) === etag);

const failed = (condition: string): S3Error =>
  new S3Error('PreconditionFailed', `The precondition ${condition} did not hold.`);

/** Of a put or the completion of an upload; asked once before the body is read and again in the transaction. */
export function checkWriteConditions(request: S3Request, existing: StoredObject | undefined): void {
  const none = request.header('if-none-match');
  if (none !== undefined && none.trim() !== '*') {
    throw new S3Error('NotImplemented', 'Writes know If-None-Match only with *.');
  }
  if (none !== undefined && existing) throw failed('If-None-Match');
  const match = request.header('if-match');
  if (match === undefined) return;
  if (!existing) throw noSuchKey();
  if (!lists(match, existing.etag)) throw failed('If-Match');
}

/**
 * Of a read (RFC 9110 §13.2.2) or, with the prefix x-amz-copy-source-, of a copy's source. True: not modified.
 */
export function checkReadConditions(request: S3Request, object: StoredObject, prefix = ''): boolean {
  const header = (name: string): string | undefined => request.header(prefix + name);
  const seconds = Math.floor(object.modified / 1000);
  const since = (name: string): number => Math.floor(Date.parse(header(name) ?? '') / 1000);
  const match = header('if-match');
  if (match !== undefined) {
    if (!lists(match, object.etag)) throw failed('If-Match');
  } else if (seconds > since('if-unmodified-since')) {
    throw failed('If-Unmodified-Since');
  }
  const none = header('if-none-match');
  return none === undefined ? seconds <= since('if-modified-since') : lists(none, object.etag);
}
