import type { S3Client } from '@aws-sdk/client-s3';
import { toObjectStoreError } from './errors.ts';
import type { RetryPolicy } from './retry.ts';
import { withRetry } from './retry.ts';
import type { S3Options } from './s3-client.ts';

/** What the pieces of the S3 store share. */
export interface S3Context {
  readonly client: S3Client;
  readonly bucket: string;
  /** Endpoint and bucket, for messages. */
  readonly where: string;
  readonly retry: RetryPolicy;
  readonly encryption: S3Options['encryption'];
  /** Checksums asked of parts must also be asked of the upload as a whole. */
  readonly checksums: boolean;
}

/** One call with retries; failures come out as ObjectStoreError, `what` being the call in words. */
export async function call<T>(
  context: S3Context,
  what: string,
  signal: AbortSignal | undefined,
  attempt: (options: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  try {
    return await withRetry(context.retry, signal, () => attempt(signal ? { abortSignal: signal } : {}));
  } catch (error) {
    signal?.throwIfAborted();
    throw toObjectStoreError(error, what, context.where);
  }
}
