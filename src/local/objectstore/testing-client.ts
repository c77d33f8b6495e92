import { createCipheriv, createHash } from 'node:crypto';
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

/** Bytes without a pattern, the same ones for the same seed. */
export const bytes = (size: number, seed = 1): Buffer => {
  const key = createHash('md5').update(String(seed)).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
};
