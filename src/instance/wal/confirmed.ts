import { parseArchiveKey, walDirectory } from '../../objectstore/layout.ts';
import type { Archive } from './archive-source.ts';

/** Names that one look takes in: a standby that is behind asks for the next ones soon. */
const atOnce = 1000;

/** What the archive is known to hold, by listing it from the asked segment on: what lies there is never taken away by archiving. */
export class Confirmed {
  #names = new Set<string>();
  #archive: Archive | undefined;

  async has(archive: Archive, segment: string, signal: AbortSignal): Promise<boolean> {
    if (this.#archive === archive && this.#names.has(segment)) return true;
    const { store, config } = archive;
    const directory = `${walDirectory(config.location)}${segment.slice(0, 16)}/`;
    const names = new Set<string>();
    // The list begins after a key, and the segment's own must be in it whatever its extension.
    for await (const entry of store.list(directory, { startAfter: directory + segment.slice(0, -1), signal })) {
      const file = entry.kind === 'object' ? parseArchiveKey(config.location, entry.key) : undefined;
      if (file?.kind === 'wal' && file.file.kind === 'segment') names.add(file.name);
      if (names.size >= atOnce) break;
    }
    this.#archive = archive;
    this.#names = names;
    return names.has(segment);
  }
}
