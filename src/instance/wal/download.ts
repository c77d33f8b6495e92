import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { ObjectStoreError } from '../../objectstore/errors.ts';
import type { Archive } from './archive-source.ts';
import { WalDamagedError, getWal } from './wal-objects.ts';

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
}

/**
 * Writes a file of the archive to `place`, verified and durable; false when the archive does not hold it. Within `answerWithin`
 * milliseconds the archive must have begun to answer.
 */
export async function downloadWal(
  archive: Archive,
  name: string,
  place: string,
  { signal, answerWithin }: { readonly signal: AbortSignal; readonly answerWithin?: number },
): Promise<boolean> {
  const late = new AbortController();
  const silence = `the archive has not begun to answer for WAL file "${name}" within ${answerWithin} ms`;
  const timer =
    answerWithin && setTimeout(() => late.abort(new ObjectStoreError('unreachable', silence)), answerWithin);
  const found = await getWal(archive, name, AbortSignal.any([signal, late.signal])).finally(() => clearTimeout(timer));
  if (!found) return false;
  try {
    await using handle = await open(place, 'w', 0o600);
    const hash = createHash('sha256');
    for await (const chunk of found.content) {
      hash.update(chunk as Buffer);
      await writeAll(handle, chunk as Buffer);
    }
    if (found.digest !== undefined && hash.digest('hex') !== found.digest) {
      throw new WalDamagedError(name);
    }
    await handle.sync();
    return true;
  } catch (error) {
    found.content.destroy();
    await rm(place, { force: true });
    throw error;
  }
}
