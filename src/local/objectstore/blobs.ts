import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../../util/files.ts';

export interface Blob {
  readonly id: string;
  readonly size: number;
}

/** Writes wait for the disk when this much is buffered. */
const batchBytes = 1024 * 1024;

/**
 * Files of bytes under random names. A blob is written once, is on the disk (fsync of file and directory) before its id is
 * handed out, and only the index (index.ts) makes it part of an object: what a crash leaves behind is swept at the next start.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<BlobStore> {
    for (let index = 0; index < 256; index++) {
      await mkdir(path.join(directory, index.toString(16).padStart(2, '0')), { recursive: true });
    }
    await syncDirectory(directory);
    return new BlobStore(directory);
  }

  async create(): Promise<BlobWriter> {
    const id = randomBytes(16).toString('hex');
    const file = this.#file(id);
    return new BlobWriter(id, file, await open(file, 'wx', 0o600));
  }

  /** The bytes of a blob from `start` on, `length` of them. */
  async *read(id: string, start: number, length: number): AsyncGenerator<Buffer, void, void> {
    const handle = await open(this.#file(id), 'r');
    try {
      for (let at = start, left = length; left > 0;) {
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(Math.min(left, batchBytes)), {
          position: at,
        });
        if (bytesRead === 0) throw new Error(`blob ${id} is shorter than the index says`);
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
        left -= bytesRead;
      }
    } finally {
      await handle.close();
    }
  }

  /** Keeps blobs that are deleted meanwhile until the reader is done. */
  pin(ids: readonly string[]): Disposable {
    for (const id of ids) this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const id of ids) {
          const left = (this.#readers.get(id) ?? 1) - 1;
          if (left > 0) this.#readers.set(id, left);
          else {
            this.#readers.delete(id);
            // Nothing waits for it; what stays behind is swept.
            if (this.#doomed.delete(id)) unlink(this.#file(id)).catch(() => undefined);
          }
        }
      },
    };
  }

  /** For blobs that the index no longer names. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#readers.has(id)) this.#doomed.add(id);
      else await unlink(this.#file(id)).catch(() => undefined);
    }
  }

  async isEmpty(): Promise<boolean> {
    for (const directory of await readdir(this.#directory)) {
      if ((await readdir(path.join(this.#directory, directory))).length > 0) return false;
    }
    return true;
  }

  /** Removes every file that `isKnown` does not know; only before the server takes requests. */
  async sweep(isKnown: (id: string) => boolean): Promise<number> {
    let swept = 0;
    for (const directory of await readdir(this.#directory)) {
      for (const name of await readdir(path.join(this.#directory, directory))) {
        if (isKnown(name)) continue;
        await unlink(path.join(this.#directory, directory, name));
        swept++;
      }
    }
    return swept;
  }

  #file(id: string): string {
    return path.join(this.#directory, id.slice(0, 2), id);
  }
}

/** Takes bytes while earlier ones are on their way to the disk; holds at most two batches. */
export class BlobWriter implements AsyncDisposable {
  readonly id: string;
  readonly #file: string;
  readonly #handle: FileHandle;
  #size = 0;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #finished = false;

  constructor(id: string, file: string, handle: FileHandle) {
    this.id = id;
    this.#file = file;
    this.#handle = handle;
  }

  async write(data: Buffer): Promise<void> {
    this.#buffered.push(data);
    this.#bufferedBytes += data.length;
    this.#size += data.length;
    if (this.#bufferedBytes >= batchBytes) await this.#flush();
  }

  async finish(): Promise<Blob> {
    await this.#flush();
    await this.#writing;
    await this.#handle.sync();
    await this.#handle.close();
    await syncDirectory(path.dirname(this.#file));
    this.#finished = true;
    return { id: this.id, size: this.#size };
  }

  /** Without `finish` nothing stays behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished) return;
    await this.#writing.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
    await unlink(this.#file).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const buffers = this.#buffered;
    if (buffers.length === 0) return;
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#writing = writeAll(this.#handle, buffers);
    // Awaited by the next flush; until then a failure is not unhandled.
    this.#writing.catch(() => undefined);
  }
}

/** writev may write less than it is given, as on a disk that is filling up. */
async function writeAll(handle: FileHandle, buffers: readonly Buffer[]): Promise<void> {
  let rest = buffers;
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest);
    const left: Buffer[] = [];
    for (const buffer of rest) {
      if (bytesWritten >= buffer.length) bytesWritten -= buffer.length;
      else {
        left.push(buffer.subarray(bytesWritten));
        bytesWritten = 0;
      }
    }
    rest = left;
  }
}
