import type { S3Client } from '@aws-sdk/client-s3';
import { toObjectStoreError } from './errors.ts';
import type { ObjectAttributes } from './port.ts';
import type { RetryPolicy } from './retry.ts';
import { withRetry } from './retry.ts';

/** What the pieces of the S3 store share. */
export interface S3Context {
  readonly client: S3Client;
  readonly bucket: string;
  /** Endpoint and bucket, for messages. */
  readonly where: string;
  readonly retry: RetryPolicy;
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

/** Attributes of an object as the parameters of a put or of a multipart upload. */
export const attributeParameters = ({ metadata, contentType, tags, encryption }: ObjectAttributes) => ({
  ...(metadata && { Metadata: { ...metadata } }),
  ...(contentType !== undefined && { ContentType: contentType }),
  ...(tags && { Tagging: new URLSearchParams(tags).toString() }),
  ...(encryption && { ServerSideEncryption: encryption }),
});
