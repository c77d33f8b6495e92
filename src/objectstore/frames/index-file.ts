// Beside `data.tar.gz` lies `data.tar.gz.frames`: where the frames of the file are. Without it the file is read as one stream.
import type { FrameSizes } from './write.ts';

const magic = Buffer.from('HWFRAME1');

export const frameIndexKey = (dataKey: string): string => `${dataKey}.frames`;

/** Little-endian: mark, number of frames, and each one's bytes as 32-bit numbers. */
export function renderFrameIndex(sizes: FrameSizes): Buffer {
  const body = Buffer.alloc(4 * (sizes.length + 1));
  body.writeUInt32LE(sizes.length, 0);
  sizes.forEach((size, index) => body.writeUInt32LE(size, 4 * (index + 1)));
  return Buffer.concat([magic, body]);
}

/** Undefined for what is no index. */
export function parseFrameIndex(bytes: Buffer): FrameSizes | undefined {
  const body = bytes.subarray(magic.length);
  if (!bytes.subarray(0, magic.length).equals(magic) || body.length < 4) return undefined;
  const count = body.readUInt32LE(0);
  if (body.length !== 4 * (count + 1)) return undefined;
  return Array.from({ length: count }, (_, index) => body.readUInt32LE(4 * (index + 1)));
}
