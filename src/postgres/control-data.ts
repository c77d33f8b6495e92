// global/pg_control of PostgreSQL 13 to 18 on 64-bit little-endian machines (src/include/catalog/pg_control.h): the same
// offsets in all of them up to the checksum.

export const clusterStates = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;
export type ClusterState = (typeof clusterStates)[number];

export interface ControlData {
  /** Decimal, as PostgreSQL prints it. */
  readonly systemIdentifier: string;
  readonly controlVersion: number;
  readonly catalogVersion: number;
  readonly state: ClusterState;
  /** Time of the last update of the file. */
  readonly modified: Date;
  readonly checkpoint: bigint;
  readonly checkpointRedo: bigint;
  readonly checkpointTimeline: number;
  readonly previousTimeline: number;
  readonly checkpointTime: Date;
  readonly minRecoveryPoint: bigint;
  readonly minRecoveryTimeline: number;
  readonly backupStart: bigint;
  readonly backupEnd: bigint;
  readonly backupEndRequired: boolean;
  readonly walLevel: number;
  readonly walLogHints: boolean;
  readonly maxConnections: number;
  readonly maxWorkerProcesses: number;
  readonly maxWalSenders: number;
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
  readonly blockSize: number;
  readonly walSegmentSize: number;
  readonly dataChecksums: number;
}

const checksumTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (checksumTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Where the checksum lies, by the version of the format. PostgreSQL 18 put a boolean before the nonce. */
const checksumOffset = (controlVersion: number): number | undefined =>
  controlVersion >= 1800 ? 292 : controlVersion >= 1300 ? 288 : undefined;

/** Throws when the file is too short, of an unknown format, or its checksum is wrong (a torn write or a broken disk). */
export function parseControlData(file: Buffer): ControlData {
  if (file.length < 296) throw new Error('pg_control is too short');
  const controlVersion = file.readUInt32LE(8);
  const offset = checksumOffset(controlVersion);
  if (offset === undefined || controlVersion >= 2000) {
    throw new Error(`pg_control has format ${controlVersion}, which this version does not know`);
  }
  if (crc32c(file.subarray(0, offset)) !== file.readUInt32LE(offset))
    throw new Error('the checksum of pg_control is wrong');
  const seconds = (at: number): Date => new Date(Number(file.readBigInt64LE(at)) * 1000);
  return {
    systemIdentifier: String(file.readBigUInt64LE(0)),
    controlVersion,
    catalogVersion: file.readUInt32LE(12),
    state: clusterStates[file.readUInt32LE(16)] ?? 'in production',
    modified: seconds(24),
    checkpoint: file.readBigUInt64LE(32),
    checkpointRedo: file.readBigUInt64LE(40),
    checkpointTimeline: file.readUInt32LE(48),
    previousTimeline: file.readUInt32LE(52),
    checkpointTime: seconds(104),
    minRecoveryPoint: file.readBigUInt64LE(136),
    minRecoveryTimeline: file.readUInt32LE(144),
    backupStart: file.readBigUInt64LE(152),
    backupEnd: file.readBigUInt64LE(160),
    backupEndRequired: file[168] === 1,
    walLevel: file.readUInt32LE(172),
    walLogHints: file[176] === 1,
    maxConnections: file.readUInt32LE(180),
    maxWorkerProcesses: file.readUInt32LE(184),
    maxWalSenders: file.readUInt32LE(188),
    maxPreparedTransactions: file.readUInt32LE(192),
    maxLocksPerTransaction: file.readUInt32LE(196),
    blockSize: file.readUInt32LE(216),
    walSegmentSize: file.readUInt32LE(228),
    dataChecksums: file.readUInt32LE(252),
  };
}
