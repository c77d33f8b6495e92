import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from '../../util/durable.ts';

/** What a database was restored from, kept beside it. */
export interface Restored {
  readonly backupId: string;
  /** Time of the last transaction, RFC 3339; absent when no transaction was replayed. */
  readonly lastTransaction?: string | undefined;
}

const file = (state: string): string => path.join(state, 'restored.json');

export async function noteRestore(
  state: string,
  { backupId, lastTransaction }: { backupId: string; lastTransaction: Date | undefined },
): Promise<void> {
  const restored: Restored = { backupId, lastTransaction: lastTransaction?.toISOString() };
  await writeDurably(file(state), `${JSON.stringify(restored)}\n`);
}

/** Undefined for a database that was not restored. */
export async function readRestored(state: string): Promise<Restored | undefined> {
  const text = await readFile(file(state), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Restored);
}
