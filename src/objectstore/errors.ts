export type ObjectStoreErrorKind =
  'unreachable' | 'forbidden' | 'no-such-bucket' | 'not-found' | 'throttled' | 'failing' | 'corrupt' | 'other';

/** A call to the object store that failed for good. The message names endpoint, bucket and key, and holds no secret. */
export class ObjectStoreError extends Error {
  readonly kind: ObjectStoreErrorKind;

  constructor(kind: ObjectStoreErrorKind, message: string) {
    super(message);
    this.name = 'ObjectStoreError';
    this.kind = kind;
  }
}

/** What the AWS SDK, Node's sockets and TLS throw, as far as it is read here. */
interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, unknown>> };
}

const forbidden = new Set([
  'AccessDenied',
  'AllAccessDisabled',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  // versitygw, with status 404: must not be taken for an object that is not there.
  'XAdminUserNotFound',
]);
const throttled = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
]);
const corrupt = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest', 'XAmzContentChecksumMismatch']);
const retryable = new Set([
  'ConditionalRequestConflict',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
]);

const failure = (error: unknown): Failure => (typeof error === 'object' && error !== null ? error : {});

export const httpStatus = (error: unknown): number | undefined => {
  const { $metadata, $response } = failure(error);
  return $metadata?.httpStatusCode ?? $response?.statusCode;
};

export const errorCode = (error: unknown): string => {
  const { code, Code, name } = failure(error);
  return Code ?? (name !== undefined && name !== 'Error' ? name : (code ?? 'Error'));
};

export function errorKind(error: unknown): ObjectStoreErrorKind {
  const status = httpStatus(error);
  const code = errorCode(error);
  if (failure(error).message?.startsWith('Checksum mismatch')) return 'corrupt';
  if (code === 'NoSuchBucket') return 'no-such-bucket';
  if (forbidden.has(code) || status === 401 || status === 403)
    return code === 'RequestTimeTooSkewed' ? 'other' : 'forbidden';
  if (throttled.has(code) || status === 429 || status === 503) return 'throttled';
  if (corrupt.has(code)) return 'corrupt';
  if (status === 404) return 'not-found';
  if (status === undefined) return 'unreachable';
  return status >= 500 ? 'failing' : 'other';
}

/** No connection, no answer in time, or one that says nothing of what was asked for: the store itself is away, overloaded or broken. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof ObjectStoreError && ['unreachable', 'throttled', 'failing'].includes(error.kind);

/** Whether the same call can succeed a moment later. A body damaged on its way up is sent again, too. */
export function isTransient(error: unknown): boolean {
  const kind = errorKind(error);
  const status = httpStatus(error) ?? 0;
  if (kind === 'unreachable' || kind === 'throttled') return !(error instanceof TypeError);
  return kind === 'corrupt' || retryable.has(errorCode(error)) || (status >= 500 && status !== 501 && status !== 507);
}

/** Milliseconds for which the store asks to be left alone (Retry-After in seconds); 0 when it does not. */
export function retryAfter(error: unknown): number {
  const seconds = Number(failure(error).$response?.headers?.['retry-after']);
  return seconds > 0 ? seconds * 1000 : 0;
}

/** `what` is the call in words, `where` the endpoint and bucket. */
export function toObjectStoreError(error: unknown, what: string, where: string): ObjectStoreError {
  if (error instanceof ObjectStoreError) return error;
  const { message, code } = failure(error);
  const status = httpStatus(error);
  const detail = [message?.trim() || code, status === undefined ? undefined : `HTTP ${status}`];
  const said = errorCode(error);
  const reason = detail.filter((part) => part !== undefined && part !== said).join(', ');
  return new ObjectStoreError(errorKind(error), `${what} in ${where}: ${said}${reason === '' ? '' : ` (${reason})`}`);
}
