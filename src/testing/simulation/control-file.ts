import { crc32cUpdate } from '../../instance/replication/crc32c.ts';
import { clusterStates, type ClusterState } from '../../postgres/control-data.ts';
import { segmentSize } from './wal.ts';

export const systemIdentifier = '7000000000000000042';

export interface Control {
  readonly state: ClusterState;
  readonly checkpoint: number;
  readonly timeline: number;
  readonly minRecovery: number;
  readonly minRecoveryTimeline: number;
}

/** global/pg_control of PostgreSQL 17 as our own parser reads it. */
export function encodeControl({ state, checkpoint, timeline, minRecovery, minRecoveryTimeline }: Control): Buffer {
  const file = Buffer.alloc(296);
  file.writeBigUInt64LE(BigInt(systemIdentifier), 0);
  file.writeUInt32LE(1700, 8);
  file.writeUInt32LE(clusterStates.indexOf(state), 16);
  file.writeBigUInt64LE(BigInt(checkpoint), 32);
  file.writeBigUInt64LE(BigInt(checkpoint), 40);
  file.writeUInt32LE(timeline, 48);
  file.writeUInt32LE(timeline, 52);
  file.writeBigUInt64LE(BigInt(minRecovery), 136);
  file.writeUInt32LE(minRecoveryTimeline, 144);
  file.writeUInt32LE(segmentSize, 228);
  file.writeUInt32LE(~crc32cUpdate(0xffffffff, file.subarray(0, 288)) >>> 0, 288);
  return file;
}

/** What it says of how the server's last life ended. */
export const stateOf = (file: unknown): ClusterState =>
  clusterStates[(file as Buffer).readUInt32LE(16)] ?? 'starting up';
