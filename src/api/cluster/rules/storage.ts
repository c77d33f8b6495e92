import type { Cluster, StorageConfiguration, VolumeSnapshotConfiguration } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { tablespaceNamePart } from '../../../naming.ts';
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

/** `tbs-` and the name are the name of a volume, which has at most 63 characters and ends with a letter or a digit. */
const longestName = 59;

function* tablespaceRules(tablespaces: NonNullable<Cluster['spec']['tablespaces']>): Generator<FieldError> {
  const seen = new Map<string, string>();
  for (const [index, { name, storage }] of tablespaces.entries()) {
    const field = `spec.tablespaces[${index}]`;
    if (!/^[a-zA-Z_][a-zA-Z0-9_$]*$/.test(name) || name.length > longestName || /[_$]$/.test(name)) {
      const message = `must be an identifier of at most ${longestName} letters, digits, _ and $ that ends with a letter or a digit`;
      yield fieldError(`${field}.name`, name, message);
    }
    if (name.startsWith('pg_')) yield fieldError(`${field}.name`, name, 'must not begin with pg_');
    const other = seen.get(tablespaceNamePart(name));
    if (other !== undefined) yield fieldError(`${field}.name`, name, `is the same as, or too like, ${other}`);
    seen.set(tablespaceNamePart(name), name);
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
