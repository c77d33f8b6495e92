import { createHash } from 'node:crypto';
import { type Lsn, parseLsn } from './lsn.ts';

export type ChecksumAlgorithm = 'NONE' | 'CRC32C' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';

export interface ManifestFile {
  readonly size: number;
  readonly algorithm: ChecksumAlgorithm;
  /** Lower-case hexadecimal; '' with algorithm NONE. */
  readonly checksum: string;
}

export interface ManifestWalRange {
  readonly timeline: number;
  readonly start: Lsn;
  readonly end: Lsn;
}

/** PostgreSQL documentation, chapter "Backup Manifest Format". */
export interface BackupManifest {
  readonly version: number;
  /** Decimal; only from version 2 (PostgreSQL 17) on. */
  readonly systemIdentifier: string | undefined;
  readonly files: ReadonlyMap<string, ManifestFile>;
  readonly walRanges: readonly ManifestWalRange[];
}

interface RawFile {
  Path?: string;
  'Encoded-Path'?: string;
  Size: number;
  'Checksum-Algorithm'?: string;
  Checksum?: string;
}

interface RawManifest {
  'PostgreSQL-Backup-Manifest-Version'?: number;
  Files?: RawFile[];
  'WAL-Ranges'?: { Timeline: number; 'Start-LSN': string; 'End-LSN': string }[];
  'Manifest-Checksum'?: string;
}

const algorithms = new Set(['CRC32C', 'SHA224', 'SHA256', 'SHA384', 'SHA512']);

function parseFile(raw: RawFile): [string, ManifestFile] {
  const path = raw.Path ?? Buffer.from(raw['Encoded-Path'] ?? '', 'hex').toString();
  const algorithm = raw['Checksum-Algorithm'] ?? 'NONE';
  if (algorithm !== 'NONE' && !algorithms.has(algorithm)) {
    throw new Error(`backup manifest: unknown checksum algorithm "${algorithm}"`);
  }
  return [
    path,
    { size: raw.Size, algorithm: algorithm as ChecksumAlgorithm, checksum: (raw.Checksum ?? '').toLowerCase() },
  ];
}

/** The manifest's own checksum covers every byte before the line that holds it. */
function verifyOwnChecksum(bytes: Buffer, expected: string): void {
  const end = bytes.lastIndexOf('"Manifest-Checksum"');
  const actual = createHash('sha256').update(bytes.subarray(0, end)).digest('hex');
  if (actual !== expected) throw new Error('backup manifest: its own checksum does not match, the manifest is damaged');
}

function parseJson(text: string): RawManifest {
  try {
    return JSON.parse(text) as RawManifest;
  } catch (cause) {
    throw new Error('backup manifest: it is no JSON, the manifest is damaged', { cause });
  }
}

/** Parses a manifest and verifies the checksum that it carries of itself. */
export function parseBackupManifest(bytes: Buffer): BackupManifest {
  const text = bytes.toString();
  const raw = parseJson(text);
  const version = raw['PostgreSQL-Backup-Manifest-Version'];
  if (version !== 1 && version !== 2) throw new Error(`backup manifest: unknown version ${String(version)}`);
  verifyOwnChecksum(bytes, raw['Manifest-Checksum'] ?? '');
  // JSON numbers are doubles, and a system identifier has 64 bits.
  const systemIdentifier = /"System-Identifier"\s*:\s*(\d+)/.exec(text)?.[1];
  return {
    version,
    systemIdentifier,
    files: new Map((raw.Files ?? []).map(parseFile)),
    walRanges: (raw['WAL-Ranges'] ?? []).map((range) => ({
      timeline: range.Timeline,
      start: parseLsn(range['Start-LSN']),
      end: parseLsn(range['End-LSN']),
    })),
  };
}
