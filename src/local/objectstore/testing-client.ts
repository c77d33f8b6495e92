import { S3Client } from '@aws-sdk/client-s3';
import type { TestObjectStore } from './testing.ts';

/** The SDK's client as its users make it: default settings but for the address. */
export const sdkClient = ({ endpoint, accessKeyId, secretAccessKey }: TestObjectStore): S3Client =>
  new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });

/** Code and HTTP status of an expected failure. */
export async function failure(work: Promise<unknown>): Promise<{ code: string; status: number | undefined }> {
  try {
    await work;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { code: name, status: $metadata?.httpStatusCode };
  }
  throw new Error('it did not fail');
}

export const bytes = (size: number, seed = 1): Buffer => {
  const buffer = Buffer.allocUnsafe(size);
  let state = seed;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    buffer[at] = state >>> 24;
  }
  return buffer;
};
