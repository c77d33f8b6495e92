// Reading tar archives as PostgreSQL and Barman write them: ustar, with GNU long names and pax records.

export interface TarEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Bytes of content; 0 unless a file. */
  readonly size: number;
  /** Target of a symbolic link. */
  readonly link: string;
}

export type TarEvent =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'data'; readonly chunk: Buffer }
  | { readonly kind: 'end' };

const blockSize = 512;
type Extension = { path?: string; linkpath?: string; size?: string };
type State = { body: 'content' | 'extension' | 'skipped'; type: string; left: number; padding: number };

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, or a binary number when the first bit is set (GNU, for what octal cannot hold). */
function number(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) === 0) {
    const digits = text(header, start, length).trim();
    if (!/^[0-7]*$/.test(digits)) throw new Error('tar archive: damaged header');
    return digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  let value = (header[start] ?? 0) & 0x7f;
  for (const byte of header.subarray(start + 1, start + length)) value = value * 256 + byte;
  return value;
}

function verifyHeader(header: Buffer): void {
  let sum = 0;
  for (let at = 0; at < blockSize; at += 1) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  if (sum !== number(header, 148, 8)) throw new Error('tar archive: damaged header');
}

function parsePax(body: Buffer): Extension {
  const values: Record<string, string> = {};
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    if (space < 0 || !(length > 0)) break;
    const [key = '', ...value] = body.toString('utf8', space + 1, at + length - 1).split('=');
    values[key] = value.join('=');
    at += length;
  }
  return values;
}

const types: Record<string, TarEntry['type']> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '2': 'symlink',
  '5': 'directory',
};

/** Cuts an archive's bytes, in chunks of any size, into events. Chunks of content share memory with what was pushed, and nothing else does. */
export class TarReader {
  #rest: Buffer = Buffer.alloc(0);
  #state: State | undefined;
  #collected: Buffer[] = [];
  #extension: Extension = {};
  #ended = false;

  *push(input: Buffer): Generator<TarEvent> {
    let chunk = this.#rest.length > 0 ? Buffer.concat([this.#rest, input]) : input;
    this.#rest = Buffer.alloc(0);
    while (chunk.length > 0 && !this.#ended) {
      if (!this.#state) {
        if (chunk.length < blockSize) break;
        yield* this.#header(chunk.subarray(0, blockSize));
        chunk = chunk.subarray(blockSize);
      } else {
        const taken = yield* this.#body(this.#state, chunk);
        if (taken === 0) break;
        chunk = chunk.subarray(taken);
      }
    }
    if (!this.#ended) this.#rest = Buffer.from(chunk);
  }

  /** Whether the blocks that end an archive were seen. */
  get ended(): boolean {
    return this.#ended;
  }

  /** To be called after the last chunk: an archive that stops inside a file is an error. */
  finish(): void {
    if (this.#state || this.#rest.length > 0) throw new Error('tar archive: it ends in the middle of a file');
  }

  *#header(header: Buffer): Generator<TarEvent> {
    if (header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    verifyHeader(header);
    const code = text(header, 156, 1) || '0';
    const extension = this.#extension;
    const size = extension.size === undefined ? number(header, 124, 12) : Number(extension.size);
    const padding = (blockSize - (size % blockSize)) % blockSize;
    if ('LKxg'.includes(code)) {
      this.#state = { body: 'extension', type: code, left: size, padding };
      return;
    }
    this.#extension = {};
    const type = types[code];
    if (type === undefined) throw new Error(`tar archive: entry of unknown type "${code}"`);
    const prefix = text(header, 257, 5) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
    const name = text(header, 0, 100);
    const path = extension.path ?? (prefix === '' ? name : `${prefix}/${name}`);
    const file = type === 'file';
    const entry = { path, type, size: file ? size : 0, link: extension.linkpath ?? text(header, 157, 100) };
    yield { kind: 'entry', entry };
    if (size > 0) this.#state = { body: file ? 'content' : 'skipped', type: code, left: size, padding };
    else if (file) yield { kind: 'end' };
  }

  /** Consumes what `chunk` holds of the current body; 0 when it needs more. */
  *#body(state: State, chunk: Buffer): Generator<TarEvent, number> {
    const content = Math.min(state.left, chunk.length);
    if (content > 0) {
      const part = chunk.subarray(0, content);
      if (state.body === 'content') yield { kind: 'data', chunk: part };
      if (state.body === 'extension') this.#collected.push(Buffer.from(part));
      state.left -= content;
      if (state.left === 0 && state.body === 'content') yield { kind: 'end' };
    }
    const padding = Math.min(state.padding, chunk.length - content);
    if (state.left === 0) state.padding -= padding;
    if (state.left === 0 && state.padding === 0) {
      this.#state = undefined;
      if (state.body === 'extension') this.#extend(state.type);
    }
    return content + (state.left === 0 ? padding : 0);
  }

  #extend(code: string): void {
    const body = Buffer.concat(this.#collected);
    this.#collected = [];
    const name = (): string => body.toString('utf8').replace(/\0+$/, '');
    if (code === 'L') this.#extension.path = name();
    else if (code === 'K') this.#extension.linkpath = name();
    else if (code === 'x') this.#extension = { ...this.#extension, ...parsePax(body) };
  }
}
