import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Brings a file to a place; false when the archive does not hold it. */
type Download = (name: string, place: string) => Promise<boolean>;

/**
 * Files on their way before they are asked for, in a directory beside pg_wal's files so that taking one is a rename. The
 * directory's content is worth nothing after a restart and is removed then.
 */
export class Prefetch {
  readonly #directory: string;
  readonly #download: Download;
  readonly #files = new Map<string, Promise<boolean>>();
  #ready: Promise<void> | undefined;

  constructor(directory: string, download: Download) {
    this.#directory = directory;
    this.#download = download;
  }

  async #prepare(): Promise<void> {
    this.#ready ??= (async () => {
      await rm(this.#directory, { recursive: true, force: true });
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    })();
    await this.#ready;
  }

  place(name: string): string {
    return path.join(this.#directory, name);
  }

  /** The whole file's place, when it was fetched or is being fetched; else undefined. A failure counts as not fetched. */
  async take(name: string): Promise<string | undefined> {
    const file = this.#files.get(name);
    if (!file) return undefined;
    this.#files.delete(name);
    return (await file.catch(() => false)) ? this.place(name) : undefined;
  }

  /** Fetches `names`; what was fetched and is not among them is not wanted any more. */
  async want(names: readonly string[]): Promise<void> {
    await this.#prepare();
    for (const name of [...this.#files.keys()]) if (!names.includes(name)) void this.#drop(name);
    for (const name of names) {
      if (this.#files.has(name)) continue;
      const file = this.#download(name, this.place(name));
      // Seen by who takes it; until then nobody looks.
      file.catch(() => undefined);
      this.#files.set(name, file);
    }
  }

  async #drop(name: string): Promise<void> {
    const file = this.#files.get(name);
    this.#files.delete(name);
    await file?.catch(() => undefined);
    if (!this.#files.has(name)) await rm(this.place(name), { force: true });
  }
}
