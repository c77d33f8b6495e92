/** Exact numbers of bytes out of chunks of any size. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #what: string;
  #pending: Buffer = Buffer.alloc(0);

  /** `what` names the format in errors. */
  constructor(source: AsyncIterable<Buffer>, what: string) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#what = what;
  }

  /** Undefined where the source ended; an error where it ended within these bytes. */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#pending.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) break;
        this.#pending = next.value;
      }
      const part = this.#pending.subarray(0, missing);
      this.#pending = this.#pending.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    if (missing === length && length > 0) return undefined;
    if (missing > 0) throw new Error(`${this.#what}: unexpected end of file`);
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** All of them, or what there is before the source's end. */
  async upTo(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    this.#pending = this.#pending.subarray(bytes.length);
    return bytes;
  }

  /** As `take` where there must be more. */
  async need(length: number): Promise<Buffer> {
    const bytes = await this.take(length);
    if (!bytes) throw new Error(`${this.#what}: unexpected end of file`);
    return bytes;
  }

  /** At most `length` bytes: fewer at the source's end. They stay to be taken. */
  async peek(length: number): Promise<Buffer> {
    const parts = [this.#pending];
    let size = this.#pending.length;
    while (size < length) {
      const next = await this.#chunks.next();
      if (next.done) break;
      // The source may use its memory again for the next one.
      parts.push(Buffer.from(next.value));
      size += next.value.length;
    }
    if (parts.length > 1) this.#pending = Buffer.concat(parts);
    return this.#pending.subarray(0, length);
  }

  /** What is left, as it comes. */
  async *rest(): AsyncGenerator<Buffer> {
    if (this.#pending.length > 0) yield this.#pending;
    this.#pending = Buffer.alloc(0);
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) yield next.value;
  }

  /** Lets go of the source, read to its end or not. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
