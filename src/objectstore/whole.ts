import { createHash } from 'node:crypto';
import { ObjectStoreError } from './errors.ts';
import type { ObjectBody } from './port.ts';

/** SHA-256 of an object's plain bytes, hexadecimal, in its metadata: not every store keeps checksums, and not every way gives them on. */
export const digestMetadata = 'sha256';

export const digestOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** All of a small object. Throws when it has a digest and does not match it. */
export async function readWhole({ body, metadata }: ObjectBody, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  const noted = metadata[digestMetadata];
  if (noted === undefined || noted === digestOf(content)) return content;
  throw new ObjectStoreError('corrupt', `"${key}" is damaged: it does not match its digest`);
}
