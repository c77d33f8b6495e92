/** All plain bytes of a stream. */
export interface Plain {
  readonly crc32: number;
  readonly size: number;
}

/**
 * A stream of compressed bytes made of frames that were compressed apart from each other. The whole is what the format's usual
 * tools read as one stream: Python's tarfile, by which Barman restores, stops after the first member of several.
 */
export interface FrameFormat {
  /** What the stream begins with. */
  readonly head: Buffer;
  /** What it ends with. */
  tail(plain: Plain): Buffer;
  /** For the frames of one stream, several at once, on the thread pool. `plain` may be used again when it is done. */
  compressor(): (plain: Buffer) => Promise<Buffer>;
  /** On the thread pool. */
  decompress(frame: Buffer): Promise<Buffer>;
}
