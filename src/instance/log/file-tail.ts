import { open, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { readFileIfThere, replaceFile } from '../../util/files.ts';

const chunkBytes = 1 << 18;

interface Position {
  inode: number;
  offset: number;
}

export interface FileTailOptions {
  readonly file: string;
  /** Takes the text and returns what of it is an unfinished record. */
  readonly take: (text: string) => string;
  /** Beyond this size the file is put aside once it has been read. */
  readonly limit: number;
  /**
   * How to have its writer open a new file of the same name; undefined for a writer that only appends, whose file is cut to
   * nothing instead.
   */
  readonly rotate?: () => Promise<void>;
}

/** Reads a growing log file from where it, or the manager before it, left off. */
export class FileTail {
  readonly #options: FileTailOptions;
  #handle: FileHandle | undefined;
  #position: Position = { inode: 0, offset: 0 };
  #rest = '';
  #saved = '';

  constructor(options: FileTailOptions) {
    this.#options = options;
  }

  /** Reads what has come since the last call. */
  async poll(): Promise<void> {
    const { file, limit } = this.#options;
    const found = await stat(file).catch(() => undefined);
    if (this.#handle && found?.ino !== this.#position.inode) await this.#finishOld();
    if (!this.#handle) {
      if (!found) return;
      await this.#open(found.ino);
    }
    await this.#read();
    await this.#save();
    if (this.#position.offset > limit) await this.#bound();
  }

  async #open(inode: number): Promise<void> {
    this.#handle = await open(this.#options.file, 'r');
    const saved = await readFileIfThere(`${this.#options.file}.position`).catch(() => undefined);
    const [savedInode = 0, offset = 0] = (saved ?? '').split(' ').map(Number);
    this.#position = { inode, offset: savedInode === inode ? offset : 0 };
    this.#rest = '';
  }

  async #read(): Promise<void> {
    const handle = this.#handle;
    if (!handle) return;
    const { size } = await handle.stat();
    if (size < this.#position.offset) this.#position.offset = 0;
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, size - this.#position.offset)));
    while (this.#position.offset < size) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#position.offset);
      if (bytesRead === 0) return;
      // A character cut in two at the end of the piece is left for the next.
      const whole = wholeCharacters(buffer.subarray(0, bytesRead));
      this.#position.offset += whole.length;
      this.#rest = this.#options.take(this.#rest + whole.toString('utf8'));
      if (whole.length === 0) return;
    }
  }

  async #finishOld(): Promise<void> {
    await this.#read();
    await this.#handle?.close();
    this.#handle = undefined;
    await rm(`${this.#options.file}.old`, { force: true });
  }

  async #save(): Promise<void> {
    // An unfinished record is read again by the manager that comes after us.
    const text = `${this.#position.inode} ${this.#position.offset - Buffer.byteLength(this.#rest)}`;
    if (text === this.#saved) return;
    this.#saved = text;
    await replaceFile(`${this.#options.file}.position`, text);
  }

  async #bound(): Promise<void> {
    const { file, rotate } = this.#options;
    if (rotate === undefined) {
      await truncate(file, 0);
      this.#position.offset = 0;
      return;
    }
    await rename(file, `${file}.old`);
    await rotate();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back >= length ? bytes : bytes.subarray(0, bytes.length - back);
    }
  }
  return bytes;
}
