import type { ArchiveCompression } from '../layout.ts';
import { gzipFrames } from './deflate.ts';
import type { FrameFormat } from './format.ts';

/** Undefined for what is not written in frames. */
export const frameFormat = (compression: ArchiveCompression): FrameFormat | undefined =>
  compression === 'gzip' ? gzipFrames : undefined;
