// x-amz-checksum-* (Amazon S3 User Guide, "Checking object integrity").
import { createHash } from 'node:crypto';
import type { CrcKind } from './crc.ts';
import { combineCrc, crc32Kind, crc32cKind, crc64nvmeKind } from './crc.ts';
import { S3Error } from './errors.ts';

const crcs = { crc32: crc32Kind, crc32c: crc32cKind, crc64nvme: crc64nvmeKind } as const satisfies Record<
  string,
  CrcKind
>;
const sizes = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 } as const;

export type ChecksumAlgorithm = keyof typeof sizes;
export const checksumAlgorithms = Object.keys(sizes) as ChecksumAlgorithm[];

/** COMPOSITE: of the checksums of parts, written `<base64>-<parts>`. FULL_OBJECT: of the bytes themselves. */
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly value: string;
}

/** What an object gets when its sender named none: native code, so that it costs next to nothing. */
export const defaultAlgorithm: ChecksumAlgorithm = 'crc32';

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm}`;
/** Name of the element in XML: ChecksumCRC32 and so on. */
export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

const isCrc = (algorithm: ChecksumAlgorithm): algorithm is keyof typeof crcs => algorithm in crcs;

export interface RunningChecksum {
  update(data: Buffer): void;
  digest(): Buffer;
}

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  if (isCrc(algorithm)) return crcs[algorithm].start();
  const hash = createHash(algorithm);
  return { update: (data) => void hash.update(data), digest: () => hash.digest() };
}

export function parseAlgorithm(text: string, where: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((known) => known === text.toLowerCase());
  if (!algorithm) throw new S3Error('InvalidRequest', `${where}: unknown checksum algorithm.`);
  return algorithm;
}

export function checkFormat(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== sizes[algorithm] || bytes.toString('base64') !== value) {
    throw new S3Error('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
  }
}

export const defaultType = (algorithm: ChecksumAlgorithm): ChecksumType =>
  algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';

export function checkType(algorithm: ChecksumAlgorithm, type: string): ChecksumType {
  const possible = isCrc(algorithm) ? type === 'FULL_OBJECT' || algorithm !== 'crc64nvme' : type !== 'FULL_OBJECT';
  if ((type !== 'COMPOSITE' && type !== 'FULL_OBJECT') || !possible) {
    throw new S3Error('InvalidRequest', `The checksum type ${type} does not go with ${algorithm.toUpperCase()}.`);
  }
  return type;
}

/** The checksum of a multipart object from those of its parts. */
export function joinChecksums(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly { readonly checksum: string; readonly size: number }[],
): Checksum {
  const bytes = parts.map((part) => Buffer.from(part.checksum, 'base64'));
  if (type === 'COMPOSITE' || !isCrc(algorithm)) {
    const all = startChecksum(algorithm);
    for (const part of bytes) all.update(part);
    return { algorithm, type: 'COMPOSITE', value: `${all.digest().toString('base64')}-${parts.length}` };
  }
  const kind = crcs[algorithm];
  let whole: Buffer = bytes[0] ?? Buffer.alloc(sizes[algorithm]);
  for (let index = 1; index < bytes.length; index++) {
    whole = combineCrc(kind, whole, bytes[index] ?? whole, parts[index]?.size ?? 0);
  }
  return { algorithm, type, value: whole.toString('base64') };
}
