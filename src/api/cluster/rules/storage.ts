import type { Cluster, StorageConfiguration, VolumeSnapshotConfiguration } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { parseQuantity } from '../../validation/quantity.ts';

export function* storageRules({ spec }: Cluster): Generator<FieldError> {
  yield* volumeRules('spec.storage', spec.storage ?? {});
  if (spec.walStorage) yield* volumeRules('spec.walStorage', spec.walStorage);
  yield* ephemeralRules(spec);
  yield* tablespaceRules(spec.tablespaces ?? []);
  yield* snapshotClassRules(
    spec.backup?.volumeSnapshot,
    (spec.tablespaces ?? []).map(({ name }) => name),
  );
}

function* volumeRules(field: string, { size, pvcTemplate }: StorageConfiguration): Generator<FieldError> {
  if (size !== undefined && size !== '') {
    const bytes = parseQuantity(size);
    if (bytes === undefined || bytes <= 0) yield fieldError(`${field}.size`, size, 'must be a quantity such as 10Gi');
  } else if (pvcTemplate?.resources?.requests?.storage === undefined) {
    yield fieldError(`${field}.size`, size ?? '', 'must be set, unless pvcTemplate.resources.requests.storage is');
  }
}

function* ephemeralRules({
  ephemeralVolumeSource,
  ephemeralVolumesSizeLimit = {},
}: Cluster['spec']): Generator<FieldError> {
  const field = 'spec.ephemeralVolumesSizeLimit';
  if (ephemeralVolumeSource && ephemeralVolumesSizeLimit.temporaryData !== undefined) {
    const message = 'cannot go together with ephemeralVolumeSource, which says its own size';
    yield fieldError(`${field}.temporaryData`, ephemeralVolumesSizeLimit.temporaryData, message);
  }
  for (const [name, limit] of Object.entries(ephemeralVolumesSizeLimit) as [string, string | number][]) {
    if (parseQuantity(limit) === undefined)
      yield fieldError(`${field}.${name}`, limit, 'must be a quantity such as 1Gi');
  }
}

/** The part that a tablespace's name is in the names of its claims (reference §2.25). */
const sanitized = (name: string): string => name.toLowerCase().replace(/^_/, '1').replaceAll(/[$_]/g, '-');

function* tablespaceRules(tablespaces: NonNullable<Cluster['spec']['tablespaces']>): Generator<FieldError> {
  const seen = new Map<string, string>();
  for (const [index, { name, storage }] of tablespaces.entries()) {
    const field = `spec.tablespaces[${index}]`;
    if (!/^[a-zA-Z_][a-zA-Z0-9_$]{0,62}$/.test(name)) {
      yield fieldError(`${field}.name`, name, 'must be an identifier of at most 63 letters, digits, _ and $');
    }
    if (name.startsWith('pg_')) yield fieldError(`${field}.name`, name, 'must not begin with pg_');
    const other = seen.get(sanitized(name));
    if (other !== undefined) yield fieldError(`${field}.name`, name, `is the same as, or too like, ${other}`);
    seen.set(sanitized(name), name);
    yield* volumeRules(`${field}.storage`, storage);
  }
}

function* snapshotClassRules(
  snapshot: VolumeSnapshotConfiguration | undefined,
  tablespaces: readonly string[],
): Generator<FieldError> {
  for (const name of Object.keys(snapshot?.tablespaceClassName ?? {})) {
    if (!tablespaces.includes(name)) {
      yield fieldError(
        `spec.backup.volumeSnapshot.tablespaceClassName[${name}]`,
        name,
        'must be the name of a tablespace',
      );
    }
  }
}
