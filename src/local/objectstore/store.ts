import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { BlobStore } from './blobs.ts';
import { StoreIndex } from './index.ts';
import { ObjectTable } from './objects.ts';
import { UploadTable } from './uploads.ts';

/** All that a data directory holds: `index.db` and `blobs/`. */
export interface Store extends Disposable {
  readonly index: StoreIndex;
  readonly objects: ObjectTable;
  readonly uploads: UploadTable;
  readonly blobs: BlobStore;
  readonly now: () => number;
  /** Runs a change durably, then frees the blobs that it says nobody names any more. */
  change<T>(change: () => { value: T; unused?: readonly string[] }): Promise<T>;
}

/** Opens the directory, taking its lock, and removes what an interrupted upload has left behind. */
export async function openStore(directory: string, now: () => number = Date.now): Promise<Store> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const index = new StoreIndex(path.join(directory, 'index.db'));
  try {
    const objects = new ObjectTable(index);
    const blobs = await BlobStore.open(path.join(directory, 'blobs'));
    if (index.isNew && !(await blobs.isEmpty())) {
      throw new Error(`${path.join(directory, 'blobs')} holds data, but index.db that names it is gone`);
    }
    await blobs.sweep((id) => objects.isReferenced(id));
    return {
      index,
      objects,
      uploads: new UploadTable(index),
      blobs,
      now,
      async change(change) {
        const { value, unused = [] } = await index.commit(change);
        await blobs.remove(unused);
        return value;
      },
      [Symbol.dispose]: () => index[Symbol.dispose](),
    };
  } catch (error) {
    index[Symbol.dispose]();
    throw error;
  }
}
