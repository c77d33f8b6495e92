import { createHash, randomBytes } from 'node:crypto';
import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Turns } from '../../util/turns.ts';
import type { StreamBody } from '../port.ts';
import { type BlockPool, Kept } from './block-pool.ts';
import { type Encoding, encodeStream } from './pipeline.ts';

const chunkSize = 2 << 20;
const saltSize = 32;
/** Plain bytes after which dead chunks are collected. */
const reclaimAfter = 4 << 20;

/** What several files on their way share. */
export interface Packing {
  readonly pool: BlockPool;
  /** util/reclaim.ts */
  readonly reclaim: () => void;
  /** util/turns.ts: how many are packed at once. More than there are processors would only share their memory. */
  readonly turn: Turns;
}

/** A file as it is to be stored. */
export interface PackedFile extends Disposable {
  readonly body: StreamBody;
  /** SHA-256 of the plain bytes, hexadecimal. */
  readonly digest: string;
}

/**
 * A file's bytes through one buffer: a chunk is good until the next one is asked for. They were written a moment ago and lie in memory: a
 * turn of the thread pool for each chunk would take longer than the copy, the more the busier the machine is.
 */
async function* fileChunks(path: string, reclaim: () => void, signal: AbortSignal): AsyncGenerator<Buffer> {
  await using handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(chunkSize);
  for (let total = 0; ;) {
    signal.throwIfAborted();
    const bytesRead = readSync(handle.fd, buffer, 0, chunkSize, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    total += bytesRead;
    if (total % reclaimAfter < bytesRead) reclaim();
  }
}

/**
 * Reads a file once to know digest, length and checksum of what will be stored, which the head of a request says before its body. What
 * comes out is kept when there is room; else, and when nothing is compressed, the file is read and packed again as it is sent.
 */
export async function packFile(
  path: string,
  asked: Encoding,
  { pool, reclaim, turn }: Packing,
  signal: AbortSignal,
): Promise<PackedFile> {
  const encoding = { ...asked, salt: asked.keys && randomBytes(saltSize) };
  const again = (): AsyncIterable<Buffer> => encodeStream(encoding, fileChunks(path, reclaim, signal));
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of fileChunks(path, reclaim, signal)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const kept = new Kept(pool);
  let whole = encoding.compression !== 'none';
  let size = 0;
  let sum = 0;
  const pack = async (): Promise<void> => {
    for await (const chunk of encodeStream(encoding, hashed())) {
      size += chunk.length;
      sum = crc32(chunk, sum);
      if (whole && !kept.add(chunk)) {
        whole = false;
        kept.drop();
      }
    }
  };
  try {
    await turn(pack);
  } catch (error) {
    kept.drop();
    throw error;
  }
  return {
    body: { size, crc32: sum, open: () => (whole ? kept.chunks() : again()) },
    digest: hash.digest('hex'),
    [Symbol.dispose]: () => kept.drop(),
  };
}
