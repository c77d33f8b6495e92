// The aws-chunked framing of bodies: `<hex size>[;chunk-signature=…]CRLF data CRLF … 0[;…]CRLF [trailers] CRLF`
// (Amazon S3 API reference, "Signature calculations: multiple chunks" and "with trailing headers").
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { S3Error } from './errors.ts';
import type { Authenticated } from './signature.ts';
import { sameSignature, sha256Hex, sign } from './signature.ts';

export interface ChunkFraming {
  /** Chunks carry signatures. */
  readonly signed: boolean;
  /** Headers follow the last chunk. */
  readonly trailer: boolean;
}

const framings: Record<string, ChunkFraming> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { signed: true, trailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { signed: true, trailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { signed: false, trailer: true },
};

/** How a body with this x-amz-content-sha256 is framed; undefined: not at all. */
export function chunkFraming(payload: string): ChunkFraming | undefined {
  const framing = framings[payload];
  if (!framing && payload.startsWith('STREAMING-')) throw new S3Error('NotImplemented', `${payload} is not supported.`);
  return framing;
}

const maxLine = 16 * 1024;
const emptyHash = sha256Hex('');

/** The data of an aws-chunked body; what is yielded is true only when the iteration ends without an error. */
export class ChunkDecoder {
  readonly trailers = new Map<string, string>();
  readonly #source: AsyncIterator<Buffer>;
  readonly #framing: ChunkFraming;
  readonly #signing: Authenticated['chunks'];
  #rest: Buffer = Buffer.alloc(0);
  #previous: string;

  constructor(source: AsyncIterable<Buffer>, framing: ChunkFraming, signing: Authenticated['chunks']) {
    this.#source = source[Symbol.asyncIterator]();
    this.#framing = framing;
    this.#signing = signing;
    this.#previous = signing.seed;
  }

  async *data(): AsyncGenerator<Buffer, void, void> {
    try {
      yield* this.#chunks();
    } finally {
      await this.#source.return?.();
    }
  }

  async *#chunks(): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const header = await this.#line();
      const [sizeText = '', ...extensions] = header.split(';');
      if (!/^[0-9a-f]{1,12}$/i.test(sizeText)) throw malformed();
      let left = Number.parseInt(sizeText, 16);
      const last = left === 0;
      const hash = this.#framing.signed ? createHash('sha256') : undefined;
      while (left > 0) {
        const piece = await this.#some(left);
        left -= piece.length;
        hash?.update(piece);
        yield piece;
      }
      if (hash) this.#verify(hash, extensions);
      if (last) break;
      if ((await this.#line()) !== '') throw malformed();
    }
    if (this.#framing.trailer) await this.#readTrailers();
    else if ((await this.#line()) !== '') throw malformed();
    // Reads the end of the message, so that the connection can be used again.
    const { done } = await this.#source.next();
    if (this.#rest.length > 0 || !done) throw malformed();
  }

  #verify(hash: Hash, extensions: readonly string[]): void {
    const signature = extensions.find((extension) => extension.startsWith('chunk-signature='))?.slice(16) ?? '';
    this.#check(signature, ['AWS4-HMAC-SHA256-PAYLOAD', emptyHash, hash.digest('hex')], 'a chunk');
  }

  /** A trailer's lines are signed in the order in which they come. */
  async #readTrailers(): Promise<void> {
    let canonical = '';
    let signature = '';
    for (let line = await this.#line(); line !== ''; line = await this.#line()) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).trim().toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (colon < 1) throw malformed();
      if (name === 'x-amz-trailer-signature') signature = value;
      else {
        canonical += `${name}:${value}\n`;
        this.trailers.set(name, value);
      }
    }
    if (this.#framing.signed) this.#check(signature, ['AWS4-HMAC-SHA256-TRAILER', sha256Hex(canonical)], 'the trailer');
  }

  #check(signature: string, [kind = '', ...hashes]: string[], what: string): void {
    const { key, date, scope } = this.#signing;
    const expected = sign(key, [kind, date, scope, this.#previous, ...hashes].join('\n'));
    if (!sameSignature(expected, signature)) {
      throw new S3Error('SignatureDoesNotMatch', `The signature of ${what} does not match.`);
    }
    this.#previous = expected;
  }

  /** Between 1 and `limit` bytes. */
  async #some(limit: number): Promise<Buffer> {
    if (this.#rest.length === 0) await this.#more();
    const piece = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async #line(): Promise<string> {
    let end: number;
    while ((end = this.#rest.indexOf('\r\n')) < 0) {
      if (this.#rest.length > maxLine) throw malformed();
      const before = this.#rest;
      await this.#more();
      this.#rest = before.length > 0 ? Buffer.concat([before, this.#rest]) : this.#rest;
    }
    const line = this.#rest.toString('latin1', 0, end);
    this.#rest = this.#rest.subarray(end + 2);
    return line;
  }

  async #more(): Promise<void> {
    const next = await this.#source.next();
    if (next.done) throw new S3Error('IncompleteBody', 'The body ended within a chunk.');
    this.#rest = next.value;
  }
}

const malformed = () => new S3Error('InvalidRequest', 'The aws-chunked framing of the body is malformed.');
