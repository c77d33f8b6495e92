import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Options } from './s3-options.ts';

const connectTimeoutMs = 5_000;
const idleTimeoutMs = 60_000;
const maxSockets = 64;

/** Retries are ours (retry.ts), so the SDK makes one attempt a call. */
export function createS3Client(options: S3Options): S3Client {
  const agentOptions = { keepAlive: true, maxSockets };
  const client = new S3Client({
    region: options.region ?? 'us-east-1',
    ...(options.endpoint === undefined
      ? { followRegionRedirects: true }
      : { endpoint: options.endpoint, forcePathStyle: true }),
    ...(options.credentials && { credentials: { ...options.credentials } }),
    ...(options.requestChecksumCalculation && { requestChecksumCalculation: options.requestChecksumCalculation }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: options.attemptTimeoutMs ?? 120_000,
      throwOnRequestTimeout: true,
      socketTimeout: idleTimeoutMs,
      socketAcquisitionWarningTimeout: 0x7fffffff,
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent({ ...agentOptions, ...(options.ca !== undefined && { ca: options.ca }) }),
    },
  });
  signChecksumOnly(client);
  return client;
}

/**
 * A body with a checksum in its header, which is signed, needs no SHA-256 of its own under the signature: that costs both sides
 * more than all the rest of a transfer. The SDK does the same by itself over TLS only.
 */
function signChecksumOnly(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      if (headers['x-amz-checksum-crc32'] !== undefined) headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'signChecksumOnly' },
  );
}
