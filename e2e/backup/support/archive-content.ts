import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';

/** A server's part of a bucket, read without any of the product's code. */
export interface Place {
  readonly client: S3Client;
  readonly bucket: string;
  readonly server: string;
}

async function keys({ client, bucket, server }: Place, below: string): Promise<string[]> {
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: `${server}/${below}`, ContinuationToken: token }),
    );
    found.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}

/** Segments of a timeline as numbers, for segments of 16 MiB. */
const number = (name: string): number =>
  Number.parseInt(name.slice(8, 16), 16) * 256 + Number.parseInt(name.slice(16, 24), 16);

/** What is wrong with the WAL of timeline 1: holes, and segments whose bytes are not those that were archived. */
export async function walProblems(place: Place, seen: Set<string>): Promise<string[]> {
  const problems: string[] = [];
  let last: number | undefined;
  for (const key of await keys(place, 'wals/')) {
    const name = /\/(0{7}1[0-9A-F]{16})\.gz$/.exec(key)?.[1];
    if (name === undefined) continue;
    if (last !== undefined && number(name) !== last + 1) problems.push(`nothing between ${last} and ${name}`);
    last = number(name);
    if (seen.has(key)) continue;
    const { Body, Metadata } = await place.client.send(new GetObjectCommand({ Bucket: place.bucket, Key: key }));
    const plain = gunzipSync((await Body?.transformToByteArray()) ?? Buffer.alloc(0));
    if (plain.length !== 16 << 20) problems.push(`${name} has ${plain.length} bytes`);
    if (createHash('sha256').update(plain).digest('hex') !== Metadata?.['sha256']) problems.push(`${name} is damaged`);
    seen.add(key);
  }
  return problems;
}

/** Ids of all backups of which anything is stored, and parts of uploads that never ended. */
export async function stored(place: Place): Promise<{ backups: string[]; uploads: number }> {
  const ids = (await keys(place, 'base/')).map((key) => key.slice(`${place.server}/base/`.length).split('/')[0] ?? '');
  const { Uploads = [] } = await place.client.send(new ListMultipartUploadsCommand({ Bucket: place.bucket }));
  return { backups: [...new Set(ids)].sort(), uploads: Uploads.length };
}
