import { type BackupInfo, parseBackupInfo, renderBackupInfo } from './backup-info.ts';
import { type ArchiveLocation, backupInfoKey } from './layout.ts';
import type { ObjectStore, PutOptions } from './port.ts';
import { digestMetadata, digestOf, readWhole } from './whole.ts';

/** Undefined when the backup has none. Throws for one that is damaged or not understood. */
export async function readBackupInfo(
  store: ObjectStore,
  location: ArchiveLocation,
  id: string,
  signal: AbortSignal,
): Promise<BackupInfo | undefined> {
  const key = backupInfoKey(location, id);
  const found = await store.get(key, { signal });
  return found && parseBackupInfo((await readWhole(found, key)).toString());
}

export async function putBackupInfo(
  store: ObjectStore,
  key: string,
  info: BackupInfo,
  options: PutOptions,
): Promise<void> {
  const body = Buffer.from(renderBackupInfo(info));
  const metadata = { ...options.metadata, [digestMetadata]: digestOf(body) };
  await store.put(key, body, { ...options, contentType: 'text/plain', metadata });
}
