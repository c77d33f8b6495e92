// AWS Signature Version 4 (Amazon S3 API reference, "Authenticating requests").
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';
import { encodePath, encodeUri } from './uri.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What a verified request says of its body. */
export interface Authenticated {
  /** Value of x-amz-content-sha256; UNSIGNED-PAYLOAD for presigned requests without it. */
  readonly payload: string;
  /** For the signatures of chunks and trailers. */
  readonly chunks: { readonly key: Buffer; readonly date: string; readonly scope: string; readonly seed: string };
}

const maxSkewMs = 15 * 60_000;
const maxExpirySeconds = 7 * 24 * 3600;
const algorithm = 'AWS4-HMAC-SHA256';

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
export const sha256Hex = (data: string | Buffer): string =>
  createHash('sha256')
    .update(data as string, 'latin1')
    .digest('hex');

export const sign = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('hex');

export const sameSignature = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));

interface Claim {
  readonly accessKeyId: string;
  /** yyyymmdd/region/service/aws4_request */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** yyyymmddThhmmssZ */
  readonly date: string;
  readonly payload: string;
  readonly query: readonly (readonly [string, string])[];
}

/** Throws the S3Error of whatever is wrong; `now` in milliseconds. */
export function authenticate(request: S3Request, credentials: Credentials, now: number): Authenticated {
  const authorization = request.header('authorization');
  const presigned = request.parameter('X-Amz-Algorithm') !== undefined;
  if (authorization === undefined && !presigned) throw new S3Error('AccessDenied', 'Requests have to be signed.');
  if (authorization !== undefined && presigned) {
    throw new S3Error('InvalidRequest', 'A request is signed in its header or in its query, not in both.');
  }
  const claim = presigned ? queryClaim(request, now) : headerClaim(request, authorization ?? '', now);
  if (claim.accessKeyId !== credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', 'The access key id does not exist in this store.');
  }
  checkSignedHeaders(request, claim);
  const [day = '', region = '', service = ''] = claim.scope;
  const key = hmac(hmac(hmac(hmac(`AWS4${credentials.secretAccessKey}`, day), region), service), 'aws4_request');
  const scope = claim.scope.join('/');
  const toSign = [algorithm, claim.date, scope, sha256Hex(canonicalRequest(request, claim))].join('\n');
  if (!sameSignature(sign(key, toSign), claim.signature)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The signature does not match: check the secret access key and the clock.',
    );
  }
  return { payload: claim.payload, chunks: { key, date: claim.date, scope, seed: claim.signature } };
}

function headerClaim(request: S3Request, authorization: string, now: number): Claim {
  const malformed = (what: string) => new S3Error('AuthorizationHeaderMalformed', `Authorization header: ${what}.`);
  if (!authorization.startsWith(`${algorithm} `)) throw malformed(`only ${algorithm} is supported`);
  const fields = new Map(
    authorization
      .slice(algorithm.length + 1)
      .split(',')
      .map((field) => field.trim().split(/=(.*)/s, 2) as [string, string]),
  );
  const credential = (fields.get('Credential') ?? '').split('/');
  const scope = credential.splice(-4);
  const amzDate = request.header('x-amz-date');
  const date = amzDate ?? compactDate(new Date(request.header('date') ?? ''));
  checkScope(scope, date, malformed);
  const payload = request.header('x-amz-content-sha256');
  if (payload === undefined) throw new S3Error('InvalidRequest', 'The header x-amz-content-sha256 is missing.');
  if (Math.abs(timeOf(date) - now) > maxSkewMs) {
    throw new S3Error('RequestTimeTooSkewed', 'The clocks of client and store differ by more than 15 minutes.');
  }
  return {
    accessKeyId: credential.join('/'),
    scope,
    signedHeaders: (fields.get('SignedHeaders') ?? '').split(';'),
    signature: fields.get('Signature') ?? '',
    date,
    payload,
    query: request.query,
  };
}

function queryClaim(request: S3Request, now: number): Claim {
  const malformed = (what: string) => new S3Error('AuthorizationQueryParametersError', `Presigned URL: ${what}.`);
  const parameter = (name: string): string => request.parameter(`X-Amz-${name}`) ?? '';
  if (parameter('Algorithm') !== algorithm) throw malformed(`only ${algorithm} is supported`);
  const credential = parameter('Credential').split('/');
  const scope = credential.splice(-4);
  const date = parameter('Date');
  checkScope(scope, date, malformed);
  const expires = Number(parameter('Expires') || NaN);
  if (!Number.isInteger(expires) || expires < 1 || expires > maxExpirySeconds) {
    throw malformed('X-Amz-Expires is not a number of seconds up to 604800');
  }
  if (timeOf(date) - now > maxSkewMs) throw new S3Error('AccessDenied', 'Request is not valid yet.');
  if (now > timeOf(date) + expires * 1000) throw new S3Error('AccessDenied', 'Request has expired.');
  return {
    accessKeyId: credential.join('/'),
    scope,
    signedHeaders: parameter('SignedHeaders').split(';'),
    signature: parameter('Signature'),
    date,
    payload: request.header('x-amz-content-sha256') ?? (parameter('Content-Sha256') || 'UNSIGNED-PAYLOAD'),
    query: request.query.filter(([name]) => name !== 'X-Amz-Signature'),
  };
}

function checkScope(scope: readonly string[], date: string, malformed: (what: string) => S3Error): void {
  const [day, region, service, end] = scope;
  if (Number.isNaN(timeOf(date))) throw malformed('no usable date');
  if (scope.length !== 4 || !region || service !== 's3' || end !== 'aws4_request')
    throw malformed('bad credential scope');
  if (day !== date.slice(0, 8)) throw malformed('the day of the credential scope is not that of the request');
}

/** What changes the meaning of a request has to be under the signature. */
function checkSignedHeaders(request: S3Request, { signedHeaders }: Claim): void {
  if (!signedHeaders.includes('host')) throw new S3Error('AccessDenied', 'The header host is not signed.');
  const unsigned = Object.keys(request.message.headersDistinct).find(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
  );
  if (unsigned !== undefined) throw new S3Error('AccessDenied', `The header ${unsigned} is not signed.`);
}

/** Bytes of headers are kept as Latin-1 characters, as Node reads them. */
function canonicalRequest(request: S3Request, { signedHeaders, query, payload }: Claim): string {
  const headers = signedHeaders.map((name) => {
    const values = request.message.headersDistinct[name] ?? [];
    return `${name}:${values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')}\n`;
  });
  const parameters = query
    .map(([name, value]) => [encodeUri(name), encodeUri(value)] as const)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`);
  return [
    request.method,
    encodePath(request.path),
    parameters.join('&'),
    headers.join(''),
    signedHeaders.join(';'),
    payload,
  ].join('\n');
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compactDate = (date: Date): string =>
  Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/[-:]|\.\d+/g, '');

function timeOf(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!match) return NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
