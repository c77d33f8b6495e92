import { parseArchiveKey, walDirectory } from '../../objectstore/layout.ts';
import { parseWalName, segmentAfter } from '../../postgres/wal-name.ts';
import type { Archive } from '../wal/archive-source.ts';

export interface ArchivedRange {
  /** The newest segment of the timeline. */
  readonly newest: string | undefined;
  /** The first name that is missing although a later one is there. */
  readonly gap: string | undefined;
}

/** What the archive holds of a timeline from one of its segments on. */
export async function archivedRange(
  { store, config }: Archive,
  first: string,
  segmentSize: number,
  signal: AbortSignal,
): Promise<ArchivedRange> {
  const timeline = first.slice(0, 8);
  let expected = first;
  let newest: string | undefined;
  let gap: string | undefined;
  for await (const entry of store.list(`${walDirectory(config.location)}${timeline}`, { signal })) {
    const file = entry.kind === 'object' ? parseArchiveKey(config.location, entry.key) : undefined;
    if (file?.kind !== 'wal' || parseWalName(file.name)?.kind !== 'segment' || file.name < first) continue;
    if (file.name === newest) continue;
    if (file.name !== expected) gap ??= expected;
    newest = file.name;
    expected = segmentAfter(file.name, segmentSize);
  }
  return { newest, gap };
}
