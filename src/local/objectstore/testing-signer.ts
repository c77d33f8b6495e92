// A signer written for tests from the description of Signature Version 4, apart from the server's own.
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import type { TestObjectStore } from './testing.ts';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

export interface RawRequest {
  readonly method: string;
  /** Percent-encoded, without query. */
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces that are written one after the other. */
  readonly body?: readonly Buffer[];
  /** x-amz-content-sha256; default: the hash of the body. */
  readonly payload?: string;
  readonly at?: Date;
}

export interface Signing {
  readonly key: Buffer;
  readonly date: string;
  readonly scope: string;
  readonly signature: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export const errorCode = (answer: Answer): string | undefined => /<Code>(\w+)<\/Code>/.exec(answer.body)?.[1];

/** Headers of a signed request, and what its chunks are signed with. */
export function signRequest(
  store: TestObjectStore,
  raw: RawRequest,
): { headers: Record<string, string>; signing: Signing } {
  const date = (raw.at ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '');
  const payload = raw.payload ?? sha256(Buffer.concat(raw.body ?? []));
  const headers: Record<string, string> = {
    host: new URL(store.endpoint).host,
    'x-amz-date': date,
    'x-amz-content-sha256': payload,
    ...raw.headers,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    raw.method,
    raw.path,
    raw.query ?? '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const scope = `${date.slice(0, 8)}/eu-test-1/s3/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${store.secretAccessKey}`) as Buffer;
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${store.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { headers: { ...headers, authorization }, signing: { key, date, scope, signature } };
}

export function send(store: TestObjectStore, raw: RawRequest, headers: Record<string, string>): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const url = `${store.endpoint}${raw.path}${raw.query === undefined ? '' : `?${raw.query}`}`;
  const length = (raw.body ?? []).reduce((sum, piece) => sum + piece.length, 0);
  const outgoing = request(url, {
    method: raw.method,
    headers: { 'content-length': length, ...headers },
    agent: false,
  });
  outgoing.on('error', reject);
  outgoing.on('response', (response) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => pieces.push(piece));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString(), headers: response.headers }),
    );
  });
  for (const piece of raw.body ?? []) outgoing.write(piece);
  outgoing.end();
  return promise;
}

export const sendSigned = (store: TestObjectStore, raw: RawRequest): Promise<Answer> =>
  send(store, raw, signRequest(store, raw).headers);

/** The chunks of an aws-chunked body with their signatures, and its trailer when there is one. */
export function signChunks(
  { key, date, scope, signature }: Signing,
  chunks: readonly Buffer[],
  trailer?: Readonly<Record<string, string>>,
): Buffer[] {
  let previous = signature;
  const next = (kind: string, ...hashes: string[]): string =>
    (previous = hmac(key, [kind, date, scope, previous, ...hashes].join('\n')).toString('hex'));
  const framed = [...chunks, Buffer.alloc(0)].map((chunk) => {
    const chunkSignature = next('AWS4-HMAC-SHA256-PAYLOAD', sha256(''), sha256(chunk));
    const head = Buffer.from(`${chunk.length.toString(16)};chunk-signature=${chunkSignature}\r\n`);
    return chunk.length > 0 ? Buffer.concat([head, chunk, Buffer.from('\r\n')]) : head;
  });
  if (!trailer) return [...framed, Buffer.from('\r\n')];
  const lines = Object.entries(trailer).map(([name, value]) => `${name}:${value}`);
  const trailerSignature = next('AWS4-HMAC-SHA256-TRAILER', sha256(lines.map((line) => `${line}\n`).join('')));
  return [...framed, Buffer.from([...lines, `x-amz-trailer-signature:${trailerSignature}`, '', ''].join('\r\n'))];
}
