import { once } from 'node:events';
import { createS3Client } from '../../objectstore/s3-client.ts';
import type { CredentialsAnswer, CredentialsRequest } from './messages.ts';

/** By the SDK's default chain: environment, profile, web identity, container, instance metadata. */
async function resolve({ region }: CredentialsRequest): Promise<CredentialsAnswer> {
  try {
    const client = createS3Client({ bucket: '', ...(region !== undefined && { region }) });
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await client.config.credentials();
    return {
      credentials: {
        ...{ accessKeyId, secretAccessKey },
        ...(sessionToken !== undefined && { sessionToken }),
        ...(expiration && { expiration }),
      },
    };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** `howdah instance credentials-worker`: answers the process at the other end of the channel once. */
export async function runCredentialsWorker(): Promise<void> {
  const [request] = (await once(process, 'message')) as [CredentialsRequest];
  const answer = await resolve(request);
  await new Promise((sent) => process.send?.(answer, undefined, undefined, sent));
  process.exit(0);
}
