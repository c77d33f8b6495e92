import path from 'node:path';
import { readFileIfThere } from '../../util/files.ts';

/** What the last step of a bootstrap notes beside PGDATA. */
interface Note {
  readonly clusterUid?: string;
  readonly systemIdentifier?: string;
}

/** `state`: the directory of notes on the data volume. */
export const noteOf = (state: string): string => path.join(state, 'initialized.json');

export async function readNote(state: string): Promise<Note | undefined> {
  const text = await readFileIfThere(noteOf(state));
  return text === undefined ? undefined : (JSON.parse(text) as Note);
}

/** Whether PGDATA, if there is one, is what the bootstrap of this very cluster gave that name. */
export const isPublished = async (state: string, clusterUid: string): Promise<boolean> =>
  (await readNote(state))?.clusterUid === clusterUid;
