import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, symlink } from 'node:fs/promises';
import path from 'node:path';
import { completeName } from '../../postgres/incremental-file.ts';
import { Flusher } from './flusher.ts';
import { IncrementalFile } from './incremental.ts';
import type { ContentRecord } from './manifest-check.ts';
import { type TarEntry, TarReader } from './tar.ts';

export interface ExtractTarget {
  /** An existing directory. */
  readonly directory: string;
  /** Where the archive's files are in the manifest: '' or `pg_tblspc/<oid>/`. */
  readonly manifestPrefix: string;
  readonly record: ContentRecord;
  /** Collects what was written, for `syncAll`. */
  readonly written: { readonly files: Set<string>; readonly directories: Set<string> };
  /** The directory holds the backup that this archive was made since: files of the same name are replaced or completed. */
  readonly onParent?: boolean;
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
  #incremental: IncrementalFile | undefined;
  readonly #flusher = new Flusher();

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
      await this.#begin(name);
      this.#target.record.begin(this.#target.manifestPrefix + name);
    }
  }

  async #begin(name: string): Promise<void> {
    const { directory, onParent = false, written } = this.#target;
    const complete = onParent ? completeName(name) : undefined;
    const place = path.join(directory, complete ?? name);
    if (complete === undefined) {
      // Never through a link, and over a file only when it is the parent's.
      const how = constants.O_CREAT | (onParent ? constants.O_TRUNC | constants.O_NOFOLLOW : constants.O_EXCL);
      this.#file = await open(place, constants.O_WRONLY | how, 0o600);
    } else {
      this.#file = await open(place, constants.O_RDWR | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw new Error(`the parent of the incremental backup has no file "${complete}"`);
        throw error;
      });
      this.#incremental = new IncrementalFile(this.#file);
    }
    written.files.add(place);
  }

  async data(chunk: Buffer): Promise<void> {
    this.#target.record.update(chunk);
    if (this.#incremental) return this.#incremental.data(chunk);
    const file = this.#open();
    for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
    this.#flusher.wrote(file, chunk.length);
  }

  async end(): Promise<void> {
    this.#target.record.end();
    await this.#incremental?.end();
    await this.#close();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#incremental = undefined;
    if (file) await this.#flusher.close(file);
  }

  /** Also after a failure: no file is open any more. */
  async settle(): Promise<void> {
    try {
      await this.#close();
    } finally {
      await this.#flusher.settle();
    }
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
    await extraction.settle();
  }
}
