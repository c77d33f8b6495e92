import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { ObjectStoreError, errorKind, httpStatus, isTransient, toObjectStoreError } from './errors.ts';
import type { GetOptions, ObjectBody } from './port.ts';
import { withRetry } from './retry.ts';
import type { S3Context } from './s3-call.ts';
import { call } from './s3-call.ts';

interface Span {
  readonly start: number;
  /** Last byte, included; undefined: to the end. */
  readonly end: number | undefined;
}

const rangeHeader = ({ start, end }: Span): string => `bytes=${start}-${end ?? ''}`;

/** `bytes 5-9/20` → 20. */
const totalOf = (contentRange: string | undefined): number | undefined => {
  const total = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
};

export async function getObject(
  context: S3Context,
  key: string,
  { range, signal }: GetOptions,
): Promise<ObjectBody | undefined> {
  const what = `get "${key}"`;
  const ask = (span: Span | undefined, etag?: string) => (options: { abortSignal?: AbortSignal }) =>
    context.client.send(
      new GetObjectCommand({
        Bucket: context.bucket,
        Key: key,
        ...(span && { Range: rangeHeader(span) }),
        ...(etag !== undefined && { IfMatch: etag }),
      }),
      options,
    );
  const span = range && { start: range.start, end: range.end };
  const first = await call(context, what, signal, async (options) => {
    try {
      return await ask(span)(options);
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  });
  if (!first) return undefined;
  const length = first.ContentLength ?? 0;
  const resume = (offset: number) => ask({ start: offset, end: span?.end }, first.ETag);
  const chunks = readOn(context, what, first, { start: span?.start ?? 0, length, resume, signal });
  return {
    body: Readable.from(chunks, { objectMode: false }),
    size: totalOf(first.ContentRange) ?? length,
    metadata: first.Metadata ?? {},
    etag: first.ETag ?? '',
    lastModified: first.LastModified ?? new Date(0),
  };
}

interface Reading {
  readonly start: number;
  readonly length: number;
  readonly resume: (offset: number) => (options: { abortSignal?: AbortSignal }) => Promise<GetObjectCommandOutput>;
  readonly signal: AbortSignal | undefined;
}

/** The bytes of the answer; after a break the rest is asked for by range, of the same version of the object. */
async function* readOn(
  context: S3Context,
  what: string,
  first: GetObjectCommandOutput,
  { start, length, resume, signal }: Reading,
): AsyncGenerator<Buffer> {
  let done = 0;
  let breaks = 0;
  let answer = first;
  for (;;) {
    const body = answer.Body as Readable;
    const stop = (): void => void body.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', stop, { once: true });
    let broken: unknown;
    try {
      signal?.throwIfAborted();
      for await (const chunk of body as AsyncIterable<Buffer>) {
        done += chunk.length;
        breaks = 0;
        yield chunk;
      }
      if (done === length) return;
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
    if (hopeless || breaks >= context.retry.attempts) throw toObjectStoreError(broken, what, context.where);
    answer = await takeUp(context, what, signal, resume(start + done));
  }
}

async function takeUp(
  context: S3Context,
  what: string,
  signal: AbortSignal | undefined,
  attempt: (options: { abortSignal?: AbortSignal }) => Promise<GetObjectCommandOutput>,
): Promise<GetObjectCommandOutput> {
  try {
    return await withRetry(context.retry, signal, () => attempt(signal ? { abortSignal: signal } : {}));
  } catch (error) {
    signal?.throwIfAborted();
    if (httpStatus(error) === 412) {
      throw new ObjectStoreError('corrupt', `${what} in ${context.where}: the object was replaced while it was read`);
    }
    throw toObjectStoreError(error, what, context.where);
  }
}
