/** Limits of S3 multipart uploads. */
export const minPartSize = 5 * 1024 * 1024;
export const maxParts = 10_000;
export const defaultPartSize = 16 * 1024 * 1024;

const mebibyte = 1024 * 1024;

/** The part size for an object of about `expected` bytes: with twice that it still fits into the parts allowed. */
export const partSizeFor = (expected: number): number =>
  Math.max(defaultPartSize, Math.ceil((2 * expected) / maxParts / mebibyte) * mebibyte);

/** Cuts a stream into buffers of exactly `size` bytes; only the last is shorter, and none is empty. */
export async function* inParts(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer, void, void> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of source) {
    let rest = chunk;
    while (held + rest.length >= size) {
      const cut = size - held;
      yield joined([...pieces, rest.subarray(0, cut)]);
      pieces = [];
      held = 0;
      rest = rest.subarray(cut);
    }
    if (rest.length > 0) {
      pieces.push(rest);
      held += rest.length;
    }
  }
  if (held > 0) yield joined(pieces);
}

const joined = (pieces: readonly Buffer[]): Buffer => {
  const [only] = pieces;
  return pieces.length === 1 && only ? only : Buffer.concat(pieces);
};
