import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { ContentRecord } from './manifest-check.ts';
import { type TarEntry, TarReader } from './tar.ts';

export interface ExtractTarget {
  /** An existing directory. */
  readonly directory: string;
  /** Where the archive's files are in the manifest: '' or `pg_tblspc/<oid>/`. */
  readonly manifestPrefix: string;
  readonly record: ContentRecord;
  /** Collects what was written, for `syncAll`. */
  readonly written: { readonly files: string[]; readonly directories: Set<string> };
  readonly signal: AbortSignal;
}

/** The path below the target, or an error: an archive must not write anywhere else. */
export function safePath(name: string): string {
  const normal = path.posix.normalize(name.replace(/^(\.\/)+/, '')).replace(/\/$/, '');
  if (path.posix.isAbsolute(normal) || normal === '..' || normal.startsWith('../') || normal.includes('\0')) {
    throw new Error(`the archive holds an unsafe path "${name}"`);
  }
  return normal;
}

class Extraction {
  readonly #target: ExtractTarget;
  #file: FileHandle | undefined;

  constructor(target: ExtractTarget) {
    this.#target = target;
  }

  async entry(entry: TarEntry): Promise<void> {
    const name = safePath(entry.path);
    if (name === '.' || name === '') return;
    const place = path.join(this.#target.directory, name);
    if (entry.type === 'directory') {
      await this.#directory(place);
    } else if (entry.type === 'symlink') {
      // Only those of tablespaces and of a separate pg_wal exist in a backup. Both are made anew by who extracts.
      if (name === 'pg_wal') await this.#directory(place);
      else if (!/^pg_tblspc\/\d+$/.test(name))
        throw new Error(`the archive holds an unexpected symbolic link "${name}"`);
      else await symlink(entry.link, place);
    } else {
      await this.#directory(path.dirname(place));
      // Never through a link, never over a file.
      this.#file = await open(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      this.#target.record.begin(this.#target.manifestPrefix + name);
      this.#target.written.files.push(place);
    }
  }

  async data(chunk: Buffer): Promise<void> {
    this.#target.record.update(chunk);
    for (let at = 0; at < chunk.length;) {
      const { bytesWritten } = await this.#open().write(chunk, at, chunk.length - at);
      at += bytesWritten;
    }
  }

  async end(): Promise<void> {
    this.#target.record.end();
    await this.close();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #open(): FileHandle {
    if (!this.#file) throw new Error('no file is open');
    return this.#file;
  }

  async #directory(place: string): Promise<void> {
    if (this.#target.written.directories.has(place)) return;
    await mkdir(place, { recursive: true, mode: 0o700 });
    this.#target.written.directories.add(place);
  }
}

/** Writes an archive's files below a directory, directories with mode 0700 and files with 0600, and records their content. */
export async function extractTar(content: AsyncIterable<Buffer>, target: ExtractTarget): Promise<void> {
  const reader = new TarReader();
  const extraction = new Extraction(target);
  try {
    for await (const chunk of content) {
      target.signal.throwIfAborted();
      for (const event of reader.push(chunk)) {
        if (event.kind === 'entry') await extraction.entry(event.entry);
        else if (event.kind === 'data') await extraction.data(event.chunk);
        else await extraction.end();
      }
    }
    reader.finish();
  } finally {
    await extraction.close();
  }
}
