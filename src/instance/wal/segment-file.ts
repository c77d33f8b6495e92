import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { SwitchFinder, pageAddress, pageSize } from '../../postgres/wal-switch.ts';

const chunkSize = 1 << 20;

/** `length` bytes from `position`, or fewer at the end of the file. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** The offset at which a switch of segments ends in this one; undefined when there is none. */
async function endOfSwitch(handle: FileHandle, page: number): Promise<number | undefined> {
  const finder = new SwitchFinder();
  for (let position = 0; ; position += chunkSize) {
    const chunk = await readAt(handle, position, chunkSize);
    for (let at = 0; at + page <= chunk.length; at += page) {
      const found = finder.feed(chunk.subarray(at, at + page));
      if (found !== undefined) return found === 'nothing' ? undefined : found;
    }
    if (chunk.length < chunkSize) return undefined;
  }
}

/** A file of pg_wal that was written to its last page, or to a switch: not one that was made, or used before, and waits to be written. */
export async function isFull(file: string, segmentSize: number, start: bigint): Promise<boolean> {
  await using handle = await open(file);
  const head = await readAt(handle, 0, 64);
  const page = pageSize(head);
  if (page === undefined || pageAddress(head) !== start) return false;
  const last = await readAt(handle, segmentSize - page, page);
  if (last.length === page && pageAddress(last) === start + BigInt(segmentSize - page)) return true;
  return (await endOfSwitch(handle, page)) !== undefined;
}

/** True when a file of pg_wal and what is stored under its name are the same up to the switch that ends both. */
export async function sameToSwitch(file: string, stored: Readable): Promise<boolean> {
  await using handle = await open(file);
  const page = pageSize(await readAt(handle, 0, 64));
  const end = page === undefined ? undefined : await endOfSwitch(handle, page);
  if (end === undefined) return false;
  let position = 0;
  for await (const chunk of stored) {
    const bytes = (chunk as Buffer).subarray(0, end - position);
    if (!bytes.equals(await readAt(handle, position, bytes.length))) return false;
    position += bytes.length;
    if (position === end) return true;
  }
  return false;
}
