import type {
  BootstrapRecovery,
  Cluster,
  DataSource,
  RecoveryTarget,
  TypedLocalObjectReference,
} from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { sourceRules } from './bootstrap.ts';

const field = 'spec.bootstrap.recovery';

export function* recoveryRules({ spec }: Cluster): Generator<FieldError> {
  const recovery = spec.bootstrap?.recovery;
  if (!recovery) return;
  const { backup, source, volumeSnapshots } = recovery;
  if (!backup && !source && !volumeSnapshots) {
    yield fieldError(field, undefined, 'must have backup, source or volumeSnapshots');
  }
  if (backup && volumeSnapshots)
    yield fieldError(`${field}.volumeSnapshots`, undefined, 'cannot go together with backup');
  if (backup && source) yield fieldError(`${field}.source`, source, 'cannot go together with backup');
  if (backup?.name === '') yield fieldError(`${field}.backup.name`, '', 'must not be empty');
  if (source !== undefined) {
    yield* sourceRules(`${field}.source`, source, spec.externalClusters, ['barmanObjectStore', 'plugin']);
  }
  if (volumeSnapshots) yield* snapshotRules(volumeSnapshots, recovery, spec.walStorage !== undefined);
  if (recovery.recoveryTarget) yield* targetRules(recovery.recoveryTarget, recovery);
}

function* snapshotRules(snapshots: DataSource, recovery: BootstrapRecovery, hasWal: boolean): Generator<FieldError> {
  const place = `${field}.volumeSnapshots`;
  yield* snapshotKindRules(`${place}.storage`, snapshots.storage);
  if (snapshots.walStorage) yield* snapshotKindRules(`${place}.walStorage`, snapshots.walStorage);
  for (const [name, reference] of Object.entries(snapshots.tablespaceStorage ?? {})) {
    yield* snapshotKindRules(`${place}.tablespaceStorage[${name}]`, reference);
  }
  if (snapshots.walStorage && !hasWal) {
    yield fieldError(`${place}.walStorage`, snapshots.walStorage.name, 'needs spec.walStorage');
  }
  const { backupID } = recovery.recoveryTarget ?? {};
  if (backupID !== undefined) {
    yield fieldError(`${field}.recoveryTarget.backupID`, backupID, 'cannot go together with volumeSnapshots');
  }
}

function* snapshotKindRules(place: string, { apiGroup = '', kind }: TypedLocalObjectReference): Generator<FieldError> {
  const given = `${apiGroup}/${kind}`;
  if (given !== 'snapshot.storage.k8s.io/VolumeSnapshot' && given !== '/PersistentVolumeClaim') {
    yield fieldError(place, given, 'must be a VolumeSnapshot of snapshot.storage.k8s.io or a PersistentVolumeClaim');
  }
}

const targets = ['targetTime', 'targetXID', 'targetName', 'targetLSN', 'targetImmediate'] as const;
const largestXid = 2 ** 32 - 1;

function* targetRules(target: RecoveryTarget, { volumeSnapshots }: BootstrapRecovery): Generator<FieldError> {
  const place = `${field}.recoveryTarget`;
  const given = targets.filter((name) => target[name]);
  if (given.length > 1) yield fieldError(place, given, `only one of ${targets.join(', ')} is allowed`);
  yield* formatRules(place, target);
  // Nothing in these targets tells which base backup comes before them.
  const blind = (['targetName', 'targetXID', 'targetImmediate'] as const).find((name) => target[name]);
  if (blind && !target.backupID && !volumeSnapshots) {
    yield fieldError(`${place}.backupID`, target.backupID ?? '', `must be set with ${blind}`);
  }
}

function* formatRules(place: string, target: RecoveryTarget): Generator<FieldError> {
  const { targetTime, targetXID, targetName, targetLSN, targetTLI } = target;
  if (targetTime && !isTargetTime(targetTime)) {
    yield fieldError(
      `${place}.targetTime`,
      targetTime,
      'must be a time such as 2026-11-23T15:04:05Z or 2026-11-23 15:04:05+01',
    );
  }
  if (targetXID && !(/^\d+$/.test(targetXID) && Number(targetXID) <= largestXid)) {
    yield fieldError(`${place}.targetXID`, targetXID, `must be a number from 0 to ${largestXid}`);
  }
  if (targetName && (Buffer.byteLength(targetName) >= 64 || hasControlCharacter(targetName))) {
    yield fieldError(`${place}.targetName`, targetName, 'must have less than 64 bytes and no control characters');
  }
  if (targetLSN && !/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(targetLSN)) {
    yield fieldError(`${place}.targetLSN`, targetLSN, 'must be a position in WAL such as 0/3000060');
  }
  if (targetTLI && targetTLI !== 'latest' && !/^[1-9]\d*$/.test(targetTLI)) {
    yield fieldError(`${place}.targetTLI`, targetTLI, 'must be latest or a positive number');
  }
}

const hasControlCharacter = (text: string): boolean => /\p{Cc}/u.test(text);

/** RFC 3339, or the same with a space, a short zone or none, as PostgreSQL writes it. */
export function isTargetTime(text: string): boolean {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})? ?(Z|[+-]\d{2}(:?\d{2})?)?$/.exec(text);
  if (!match) return false;
  const [, day = '', time = ''] = match;
  const date = new Date(`${day}T${time}Z`);
  // The 30th of February is read as the 2nd of March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
