import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CredentialSource } from './credentials.ts';
import { errorCode, toObjectStoreError } from './errors.ts';
import type { HttpAnswer, Sender } from './light-http.ts';
import { createSender, readDocument } from './light-http.ts';
import { textOf } from './light-xml.ts';
import { base64 } from './reading.ts';
import type { StreamBody } from './port.ts';
import type { RetryPolicy } from './retry.ts';
import { defaultRetry, withRetry } from './retry.ts';
import type { S3Options } from './s3-options.ts';
import { describeStore } from './s3-options.ts';
import { encodePath, encodeQuery, sha256Hex, signedHeaders } from './sigv4.ts';

export interface LightRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Absent: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | StreamBody;
  /** The body says what is to be done: a checksum beside it would be taken for the object's. */
  readonly instruction?: boolean;
}

export interface LightClient extends Disposable {
  readonly where: string;
  readonly retry: RetryPolicy;
  /** Whether bodies are covered by their CRC32. */
  readonly checksums: boolean;
  /** One attempt; an answer that is no success is thrown in the shape that errors.ts reads. */
  once(request: LightRequest, signal: AbortSignal | undefined): Promise<HttpAnswer>;
  /** With retries; failures come out as ObjectStoreError, `what` being the call in words. The answer's body is consumed by `read`. */
  call<T>(what: string, signal: AbortSignal | undefined, attempt: (client: LightClient) => Promise<T>): Promise<T>;
}

/** As the SDK's errors, so that both are judged alike. */
class AnswerError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };
  readonly $response: Pick<HttpAnswer, 'headers'>;

  constructor({ status, headers }: HttpAnswer, code: string, message: string) {
    super(message);
    this.name = code;
    this.$metadata = { httpStatusCode: status };
    this.$response = { headers };
  }
}

const tooSkewed = 'RequestTimeTooSkewed';

/** Milliseconds that the store's clock is ahead of ours. */
const aheadOfUs = ({ $response }: AnswerError): number =>
  Math.round(Date.parse($response.headers.date ?? '') - Date.now()) || 0;

const nameless: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'NotFound', 412: 'PreconditionFailed' };

async function refusal(answer: HttpAnswer): Promise<AnswerError> {
  const text = await readDocument(answer).catch(() => '');
  const code = textOf(text, 'Code') ?? nameless[answer.status] ?? 'UnknownError';
  return new AnswerError(answer, code, textOf(text, 'Message') ?? '');
}

interface Cover {
  readonly payload: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A body is covered by its CRC32, which is signed; where the store knows none, by its SHA-256. */
async function covered(body: Buffer | StreamBody | undefined, checksums: boolean): Promise<Cover> {
  if (!body) return { payload: sha256Hex(''), headers: {} };
  if (!checksums) return { payload: Buffer.isBuffer(body) ? sha256Hex(body) : await streamHash(body), headers: {} };
  const sum = Buffer.isBuffer(body) ? crc32(body) : body.crc32;
  return { payload: 'UNSIGNED-PAYLOAD', headers: { 'x-amz-checksum-crc32': base64(sum) } };
}

async function streamHash(body: StreamBody): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body.open()) hash.update(chunk);
  return hash.digest('hex');
}

/** Of credentials that were good once. */
const over = new Set(['ExpiredToken', 'ExpiredTokenException', 'InvalidToken']);

export function createLightClient(options: S3Options, credentials: CredentialSource): LightClient {
  const { bucket, endpoint, attemptTimeoutMs = 120_000 } = options;
  const sender: Sender = createSender({ ca: options.ca, attemptTimeoutMs });
  const asked = options.requestChecksumCalculation ?? process.env['AWS_REQUEST_CHECKSUM_CALCULATION'];
  const checksums = asked !== 'WHEN_REQUIRED';
  let region = options.region ?? 'us-east-1';
  // As in the SDK: what the store refuses for our clock is signed by the store's from then on.
  let ahead = 0;
  const place = (): { origin: URL; root: string } => {
    if (endpoint === undefined) return { origin: new URL(`https://${bucket}.s3.${region}.amazonaws.com`), root: '' };
    const origin = new URL(endpoint);
    return { origin, root: `${origin.pathname.replace(/\/$/, '')}/${bucket}` };
  };
  const send = async (request: LightRequest, signal: AbortSignal | undefined): Promise<HttpAnswer> => {
    const { method, key, query = {}, headers = {}, body, instruction = false } = request;
    const { origin, root } = place();
    const path = key === undefined ? root || '/' : `${root}/${encodePath(key)}`;
    const cover = await covered(body, checksums && !instruction);
    const unsigned = { method, host: origin.host, path, query, payload: cover.payload };
    const signed = signedHeaders(
      { ...unsigned, headers: { ...headers, ...cover.headers } },
      await credentials.get(),
      region,
      new Date(Date.now() + ahead),
    );
    const parameters = encodeQuery(query);
    const target = parameters === '' ? path : `${path}?${parameters}`;
    return sender.send({ method, origin, target, headers: signed, body, signal });
  };
  const attemptOnce = async (request: LightRequest, signal: AbortSignal | undefined): Promise<HttpAnswer> => {
    let answer = await send(request, signal);
    // AWS names the region that the bucket is in when it is asked in another.
    const home = answer.headers['x-amz-bucket-region'];
    if (endpoint === undefined && answer.status >= 300 && typeof home === 'string' && home !== region) {
      answer.body.destroy();
      region = home;
      answer = await send(request, signal);
    }
    if (answer.status < 300) return answer;
    const refused = await refusal(answer);
    if (refused.name === tooSkewed) ahead = aheadOfUs(refused);
    throw refused;
  };
  const client: LightClient = {
    where: describeStore(options),
    checksums,
    retry: { ...defaultRetry, ...(options.attempts !== undefined && { attempts: options.attempts }) },
    async once(request, signal) {
      try {
        return await attemptOnce(request, signal);
      } catch (error) {
        if (!over.has(errorCode(error)) || !credentials.forget()) throw error;
        return attemptOnce(request, signal);
      }
    },
    async call(what, signal, attempt) {
      try {
        return await withRetry(client.retry, signal, () => attempt(client));
      } catch (error) {
        signal?.throwIfAborted();
        throw toObjectStoreError(error, what, client.where);
      }
    },
    [Symbol.dispose]: () => sender[Symbol.dispose](),
  };
  return client;
}
