import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { bucket } from './cluster.ts';
import type { ObjectStoreAccess } from './platform.ts';

export function s3Client(store: ObjectStoreAccess): S3Client {
  const { accessKeyId, secretAccessKey } = store;
  return new S3Client({
    endpoint: store.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** Makes the bucket that all tests use; it may be there already. */
export async function createBucket(store: ObjectStoreAccess): Promise<void> {
  const client = s3Client(store);
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes((error as Error).name)) throw error;
  } finally {
    client.destroy();
  }
}
