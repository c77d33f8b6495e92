import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { ObjectStoreError, errorKind, httpStatus, isTransient, toObjectStoreError } from './errors.ts';
import type { GetOptions, ObjectBody } from './port.ts';
import type { RetryPolicy } from './retry.ts';
import { withRetry } from './retry.ts';

/** What a GET is answered with. */
export interface Answer {
  readonly body: Readable;
  /** Of this answer, bytes. */
  readonly length: number;
  readonly contentRange: string | undefined;
  /** Of the whole object, base64; for clients that do not verify by themselves. */
  readonly crc32?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface GetAttempt {
  /** `bytes=0-9` */
  readonly range?: string;
  /** Only this version of the object. */
  readonly etag?: string;
  readonly signal?: AbortSignal;
}

/** How an object is asked for, once. */
export interface Reader {
  /** Endpoint and bucket, for messages. */
  readonly where: string;
  readonly retry: RetryPolicy;
  ask(key: string, attempt: GetAttempt): Promise<Answer>;
}

/** `bytes 5-9/20` → 20. */
const totalOf = (contentRange: string | undefined): number | undefined => {
  const total = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
};

export function base64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

const withSignal = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

export async function readObject(
  reader: Reader,
  key: string,
  { range, signal }: GetOptions,
): Promise<ObjectBody | undefined> {
  const what = `get "${key}"`;
  const first = await attempt(reader, what, signal, async () => {
    try {
      const asked = range && { range: `bytes=${range.start}-${range.end ?? ''}` };
      return await reader.ask(key, { ...asked, ...withSignal(signal) });
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  });
  if (!first) return undefined;
  const start = range?.start ?? 0;
  const resume = (done: number) =>
    attempt(reader, what, signal, () =>
      reader.ask(key, { range: `bytes=${start + done}-${range?.end ?? ''}`, etag: first.etag, ...withSignal(signal) }),
    );
  return {
    body: Readable.from(readOn(reader, what, first, { resume, signal }), { objectMode: false }),
    size: totalOf(first.contentRange) ?? first.length,
    metadata: first.metadata,
    etag: first.etag,
    lastModified: first.lastModified,
  };
}

async function attempt<T>(
  { retry, where }: Reader,
  what: string,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await withRetry(retry, signal, ask);
  } catch (error) {
    signal?.throwIfAborted();
    if (httpStatus(error) === 412) {
      throw new ObjectStoreError('corrupt', `${what} in ${where}: the object was replaced while it was read`);
    }
    throw toObjectStoreError(error, what, where);
  }
}

interface Going {
  /** The rest after so many bytes. */
  readonly resume: (done: number) => Promise<Answer>;
  readonly signal: AbortSignal | undefined;
}

/** The bytes of the answer; after a break the rest is asked for by range, of the same version of the object. */
async function* readOn(reader: Reader, what: string, first: Answer, { resume, signal }: Going): AsyncGenerator<Buffer> {
  const { length, crc32: expected } = first;
  let sum = 0;
  let done = 0;
  let breaks = 0;
  let answer = first;
  for (;;) {
    const { body } = answer;
    const stop = (): void => void body.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', stop, { once: true });
    let broken: unknown;
    try {
      signal?.throwIfAborted();
      for await (const chunk of body as AsyncIterable<Buffer>) {
        done += chunk.length;
        breaks = 0;
        if (expected !== undefined) sum = crc32(chunk, sum);
        yield chunk;
      }
      if (done === length && (expected === undefined || expected === base64(sum))) return;
      if (done === length)
        throw new ObjectStoreError('corrupt', `${what} in ${reader.where}: not what its checksum says`);
      broken = Object.assign(new Error(`the answer ended after ${done} of ${length} bytes`), { code: 'ECONNRESET' });
    } catch (error) {
      broken = error;
    } finally {
      signal?.removeEventListener('abort', stop);
      body.destroy();
    }
    signal?.throwIfAborted();
    breaks++;
    const hopeless = done >= length || errorKind(broken) === 'corrupt' || !isTransient(broken);
    if (hopeless || breaks >= reader.retry.attempts) throw toObjectStoreError(broken, what, reader.where);
    answer = await resume(done);
  }
}
