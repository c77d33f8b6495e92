// Barman Cloud's layout of a bucket:
//   <prefix>/<server>/base/<backup id>/{backup.info,data.tar[.gz],<tablespace oid>.tar[.gz]}
//   <prefix>/<server>/wals/<timeline and log, 16 hexadecimal digits>/<segment, .partial or .backup>[.gz]
//   <prefix>/<server>/wals/<timeline>.history[.gz]
import type { WalFile } from '../postgres/wal-name.ts';
import { parseWalName } from '../postgres/wal-name.ts';

/** Where one server's backups and WAL are within a bucket; `prefix` without slashes at its ends, '' for the bucket's root. */
export interface ArchiveLocation {
  readonly prefix: string;
  readonly server: string;
}

/** All that Barman writes; we write 'none' and 'gzip' (compression.ts). */
export type ArchiveCompression = 'none' | 'gzip' | 'bzip2' | 'snappy' | 'xz' | 'zstd' | 'lz4';

const extensions = {
  none: '',
  gzip: '.gz',
  bzip2: '.bz2',
  snappy: '.snappy',
  xz: '.xz',
  zstd: '.zst',
  lz4: '.lz4',
} as const satisfies Record<ArchiveCompression, string>;
const compressions = Object.entries(extensions) as [ArchiveCompression, string][];

const root = ({ prefix, server }: ArchiveLocation): string => (prefix === '' ? server : `${prefix}/${server}`);

/** `2026-11-23T09:08:07Z` → `20261123T090807`: a backup's id, and the order of ids is that of time. */
export const backupId = (time: Date): string => time.toISOString().slice(0, 19).replace(/[-:]/g, '');
export const isBackupId = (text: string): boolean => /^\d{8}T\d{6}$/.test(text);

export const baseDirectory = (at: ArchiveLocation): string => `${root(at)}/base/`;
export const backupDirectory = (at: ArchiveLocation, id: string): string => `${baseDirectory(at)}${id}/`;
export const backupInfoKey = (at: ArchiveLocation, id: string): string => `${backupDirectory(at, id)}backup.info`;

/** The tar of PGDATA, or with an oid that of a tablespace. */
export const dataKey = (
  at: ArchiveLocation,
  id: string,
  compression: ArchiveCompression,
  tablespace?: number,
): string => `${backupDirectory(at, id)}${tablespace ?? 'data'}.tar${extensions[compression]}`;

export const walDirectory = (at: ArchiveLocation): string => `${root(at)}/wals/`;

/** Segments, .partial, .backup and .history files; an error for any other name. */
export function walKey(at: ArchiveLocation, name: string, compression: ArchiveCompression): string {
  const file = parseWalName(name);
  if (!file) throw new Error(`not the name of a WAL file: "${name}"`);
  const hash = file.kind === 'history' ? '' : `${name.slice(0, 16)}/`;
  return `${walDirectory(at)}${hash}${name}${extensions[compression]}`;
}

/** Where a WAL file can be, the likely places first: compression can have changed while the archive grew. */
export const walKeys = (
  at: ArchiveLocation,
  name: string,
  likely: ArchiveCompression = 'none',
): { key: string; compression: ArchiveCompression }[] =>
  [likely, ...compressions.map(([compression]) => compression).filter((other) => other !== likely)].map(
    (compression) => ({ key: walKey(at, name, compression), compression }),
  );

/** Ours: which system identifier and epoch the archive belongs to. Barman looks only below base/ and wals/. */
export const ownerMarkerKey = (at: ArchiveLocation): string => `${root(at)}/howdah-owner.json`;

/** Ours: what retention is about to remove. */
export const retentionJournalKey = (at: ArchiveLocation): string => `${root(at)}/howdah-retention.json`;

/** Ours: one object for each restore that reads this archive. */
export const holdsDirectory = (at: ArchiveLocation): string => `${root(at)}/howdah-holds/`;

export type ArchiveFile =
  | { readonly kind: 'wal'; readonly name: string; readonly file: WalFile; readonly compression: ArchiveCompression }
  | { readonly kind: 'backup-info'; readonly id: string }
  | {
      readonly kind: 'data';
      readonly id: string;
      /** Undefined: PGDATA. */
      readonly tablespace: number | undefined;
      /** Barman splits a large tar into data.tar, data_0001.tar, …; 0 for the first. */
      readonly part: number;
      readonly compression: ArchiveCompression;
    }
  | { readonly kind: 'owner' };

/** What a key of the bucket is; undefined for what Barman's layout does not know or what belongs to another server. */
export function parseArchiveKey(at: ArchiveLocation, key: string): ArchiveFile | undefined {
  if (key === ownerMarkerKey(at)) return { kind: 'owner' };
  if (key.startsWith(walDirectory(at))) return parseWalKey(at, key);
  if (!key.startsWith(baseDirectory(at))) return undefined;
  const [id = '', name = '', ...more] = key.slice(baseDirectory(at).length).split('/');
  if (id === '' || more.length > 0) return undefined;
  if (name === 'backup.info') return { kind: 'backup-info', id };
  const match = /^(data|[1-9]\d*)(?:_(\d{4,}))?\.tar(\.\w+)?$/.exec(name);
  const compression = match && compressionOf(match[3] ?? '');
  if (!compression) return undefined;
  const tablespace = match[1] === 'data' ? undefined : Number(match[1]);
  return { kind: 'data', id, tablespace, part: Number(match[2] ?? 0), compression };
}

function parseWalKey(at: ArchiveLocation, key: string): ArchiveFile | undefined {
  const base = key.slice(key.lastIndexOf('/') + 1);
  for (const [compression, extension] of compressions) {
    if (!base.endsWith(extension)) continue;
    const name = base.slice(0, base.length - extension.length);
    const file = parseWalName(name);
    if (file && walKey(at, name, compression) === key) return { kind: 'wal', name, file, compression };
  }
  return undefined;
}

const compressionOf = (extension: string): ArchiveCompression | undefined =>
  compressions.find(([, known]) => known === extension)?.[0];
