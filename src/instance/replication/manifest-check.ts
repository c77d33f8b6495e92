import { type Hash, createHash } from 'node:crypto';
import type { BackupManifest, ChecksumAlgorithm, ManifestFile } from '../../postgres/backup-manifest.ts';
import { crc32cUpdate } from './crc32c.ts';

/** One file's checksum, in the form in which manifests hold it. */
class FileDigest {
  readonly #hash: Hash | undefined;
  readonly #crc: boolean;
  #state = 0xffffffff;

  constructor(algorithm: ChecksumAlgorithm) {
    this.#crc = algorithm === 'CRC32C';
    this.#hash = this.#crc || algorithm === 'NONE' ? undefined : createHash(algorithm.toLowerCase());
  }

  update(chunk: Buffer): void {
    if (this.#crc) this.#state = crc32cUpdate(this.#state, chunk);
    else this.#hash?.update(chunk);
  }

  digest(): string {
    if (!this.#crc) return this.#hash?.digest('hex') ?? '';
    // PostgreSQL writes the four bytes as they lie in memory.
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(~this.#state >>> 0);
    return bytes.toString('hex');
  }
}

/** Files that a backup holds without the manifest naming them. */
const unlisted = (path: string): boolean => path === 'backup_manifest' || path.startsWith('pg_wal/');

/** Sizes and checksums of files as they pass by, to be compared with the manifest, which comes last. */
export class ContentRecord {
  readonly #algorithm: ChecksumAlgorithm;
  readonly #files = new Map<string, ManifestFile>();
  #current: { path: string; size: number; digest: FileDigest } | undefined;

  constructor(algorithm: ChecksumAlgorithm = 'SHA256') {
    this.#algorithm = algorithm;
  }

  begin(path: string): void {
    this.#current = { path, size: 0, digest: new FileDigest(this.#algorithm) };
  }

  update(chunk: Buffer): void {
    if (!this.#current) throw new Error('no file has begun');
    this.#current.size += chunk.length;
    this.#current.digest.update(chunk);
  }

  end(): void {
    if (!this.#current) throw new Error('no file has begun');
    const { path, size, digest } = this.#current;
    this.#files.set(path, { size, algorithm: this.#algorithm, checksum: digest.digest() });
    this.#current = undefined;
  }

  /** What is wrong with what passed by, in words; empty when it is exactly what the manifest says. */
  differences(manifest: BackupManifest): string[] {
    const found: string[] = [];
    for (const [path, expected] of manifest.files) {
      const actual = this.#files.get(path);
      if (!actual) found.push(`"${path}" is missing`);
      else if (actual.size !== expected.size)
        found.push(`"${path}" has ${actual.size} bytes instead of ${expected.size}`);
      else if (expected.algorithm === actual.algorithm && expected.checksum !== actual.checksum) {
        found.push(`"${path}" has a different checksum`);
      }
    }
    for (const path of this.#files.keys()) {
      if (!manifest.files.has(path) && !unlisted(path)) found.push(`"${path}" is not in the manifest`);
    }
    return found;
  }

  /** Throws when anything differs. */
  verify(manifest: BackupManifest): void {
    const found = this.differences(manifest);
    if (found.length === 0) return;
    const more = found.length > 5 ? `, and ${found.length - 5} more` : '';
    throw new Error(`the backup does not match its manifest: ${found.slice(0, 5).join(', ')}${more}`);
  }
}
