// What may not change once a cluster is there.
import type { Cluster, StorageConfiguration } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { parseQuantity } from '../../validation/quantity.ts';
import { majorOfImage } from '../image.ts';

export function* updateRules(cluster: Cluster, old: Cluster): Generator<FieldError> {
  yield* storageChanges(cluster.spec, old.spec);
  yield* imageChanges(cluster, old);
  yield* slotChanges(cluster.spec, old.spec);
  for (const name of ['postgresUID', 'postgresGID'] as const) {
    const { [name]: value = 26 } = cluster.spec;
    const { [name]: before = 26 } = old.spec;
    if (value !== before) yield fieldError(`spec.${name}`, value, `cannot change; it is ${before}`);
  }
  const level = cluster.spec.postgresql?.parameters?.wal_level;
  const oldLevel = old.spec.postgresql?.parameters?.wal_level;
  if (level === 'minimal' && oldLevel !== 'minimal') {
    yield fieldError(
      'spec.postgresql.parameters[wal_level]',
      level,
      `cannot become minimal; it is ${oldLevel ?? 'logical'}`,
    );
  }
  if (old.status?.switchReplicaClusterStatus?.inProgress && !same(cluster.spec.replica, old.spec.replica)) {
    yield fieldError('spec.replica', undefined, 'cannot change while a change of the replica cluster is going on');
  }
}

type Spec = Cluster['spec'];

function* storageChanges(spec: Spec, old: Spec): Generator<FieldError> {
  yield* shrinkRules('spec.storage', spec.storage, old.storage);
  yield* shrinkRules('spec.walStorage', spec.walStorage, old.walStorage);
  if (old.walStorage && !spec.walStorage) yield fieldError('spec.walStorage', undefined, 'cannot be removed');
  for (const { name, storage } of old.tablespaces ?? []) {
    const index = (spec.tablespaces ?? []).findIndex((tablespace) => tablespace.name === name);
    if (index === -1) yield fieldError('spec.tablespaces', name, 'cannot be removed');
    else yield* shrinkRules(`spec.tablespaces[${index}].storage`, spec.tablespaces?.[index]?.storage, storage);
  }
}

const sizeOf = (storage: StorageConfiguration | undefined): string | undefined =>
  storage?.size || storage?.pvcTemplate?.resources?.requests?.storage;

function* shrinkRules(
  field: string,
  storage: StorageConfiguration | undefined,
  old: StorageConfiguration | undefined,
): Generator<FieldError> {
  const size = sizeOf(storage);
  const before = sizeOf(old);
  if (size === undefined || before === undefined) return;
  if ((parseQuantity(size) ?? 0) < (parseQuantity(before) ?? 0)) {
    yield fieldError(`${field}.size`, size, `cannot shrink; it is ${before}`);
  }
}

function* imageChanges(cluster: Cluster, old: Cluster): Generator<FieldError> {
  const { spec } = cluster;
  const image = spec.imageName;
  if (image === undefined || image === old.spec.imageName) return;
  if (
    spec.primaryUpdateMethod === 'switchover' &&
    !same(spec.postgresql?.parameters, old.spec.postgresql?.parameters)
  ) {
    const message = 'cannot change together with postgresql.parameters when primaryUpdateMethod is switchover';
    yield fieldError('spec.imageName', image, message);
  }
  const major = majorOfImage(image);
  const before = old.status?.pgDataImageInfo?.majorVersion ?? majorOfImage(old.spec.imageName ?? '');
  if (major === undefined || before === undefined || major === before) return;
  if (major < before) {
    yield fieldError('spec.imageName', image, `PostgreSQL cannot go back to ${major}; it is ${before}`);
  } else {
    const message = `major upgrades are not supported by this version of Howdah; allowed: PostgreSQL ${before}`;
    yield fieldError('spec.imageName', image, message);
  }
}

function* slotChanges(spec: Spec, old: Spec): Generator<FieldError> {
  const before = old.replicationSlots?.highAvailability;
  if (before?.enabled === false || !before) return;
  const field = 'spec.replicationSlots.highAvailability';
  const now = spec.replicationSlots?.highAvailability;
  if (!now) {
    yield fieldError(field, undefined, 'cannot be removed while it is enabled; disable it first');
    return;
  }
  const { slotPrefix: prefix = '_cnpg_' } = now;
  const { slotPrefix: oldPrefix = '_cnpg_' } = before;
  if (now.enabled !== false && prefix !== oldPrefix) {
    yield fieldError(`${field}.slotPrefix`, prefix, `cannot change while slots are enabled; it is ${oldPrefix}`);
  }
}

const same = (left: unknown, right: unknown): boolean => JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));

/** Objects with their keys in order, so that two which say the same are the same text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
