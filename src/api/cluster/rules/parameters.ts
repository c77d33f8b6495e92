import { hasArchive } from '../plugin-store.ts';
import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { parseQuantity } from '../../validation/quantity.ts';
import {
  blockedParameters,
  fixedParameters,
  globalParameters,
  parseBooleanSetting,
  parseMemorySetting,
} from '../parameters.ts';

const parameterField = (name: string): string => `spec.postgresql.parameters[${name}]`;

/** PostgreSQL's rule for the names of settings: words of letters, digits, _ and $, joined by dots. */
const settingName = /^[a-zA-Z_][a-zA-Z0-9_$]*(\.[a-zA-Z_][a-zA-Z0-9_$]*)*$/;

const booleanSettings = [
  'wal_log_hints',
  'hot_standby_feedback',
  'full_page_writes',
  'sync_replication_slots',
] as const;

export function* parameterRules(cluster: Cluster): Generator<FieldError> {
  const parameters = cluster.spec.postgresql?.parameters ?? {};
  for (const [name, value] of Object.entries(parameters)) yield* ownershipRules(name, value);
  for (const name of booleanSettings) {
    const value = parameters[name];
    if (value !== undefined && parseBooleanSetting(value) === undefined) {
      yield fieldError(parameterField(name), value, 'must be on or off');
    }
  }
  yield* walLevelRules(cluster);
  yield* walLogHintsRules(cluster);
  yield* walSizeRules(cluster);
  for (const [index, library] of (cluster.spec.postgresql?.shared_preload_libraries ?? []).entries()) {
    if (library === '' || /[\n\r]/.test(library)) {
      yield fieldError(`spec.postgresql.shared_preload_libraries[${index}]`, library, 'must be the name of a library');
    }
  }
}

function* ownershipRules(name: string, value: string): Generator<FieldError> {
  if (!settingName.test(name)) {
    yield fieldError(parameterField(name), value, 'is not the name of a setting: letters, digits, _, $ and dots');
    return;
  }
  const setting = name.toLowerCase();
  if (/[\n\r\0]/.test(value)) yield fieldError(parameterField(name), value, 'must be one line');
  // The defaults are written into the Cluster, so what equals them is no one's mistake.
  if (value === globalParameters[setting]) return;
  if (setting === 'shared_preload_libraries') {
    yield fieldError(parameterField(name), value, 'cannot be set here; use spec.postgresql.shared_preload_libraries');
  } else if (fixedParameters.has(setting)) {
    yield fieldError(parameterField(name), value, 'cannot be set: the operator owns it');
  } else if (blockedParameters.has(setting)) {
    yield fieldError(parameterField(name), value, 'cannot be set: instances need it as it is');
  }
}

function* walLevelRules(cluster: Cluster): Generator<FieldError> {
  const { spec } = cluster;
  const { wal_level: level, max_wal_senders: senders } = spec.postgresql?.parameters ?? {};
  const field = parameterField('wal_level');
  if (level === undefined) return;
  if (!['minimal', 'replica', 'logical'].includes(level)) {
    yield fieldError(field, level, 'must be replica, logical or minimal');
  }
  if (level !== 'minimal') return;
  const needs = [
    [spec.instances > 1, 'with more than one instance'],
    [hasArchive(cluster) || spec.backup?.volumeSnapshot !== undefined, 'with backup'],
    [spec.replica !== undefined, 'in a replica cluster'],
    [senders !== '0', 'unless max_wal_senders is 0'],
  ] as const;
  for (const [applies, when] of needs) {
    if (applies) yield fieldError(field, level, `must be replica or logical ${when}`);
  }
}

/** Without hint bits in WAL a former primary cannot be rewound. */
function* walLogHintsRules({ spec }: Cluster): Generator<FieldError> {
  const value = spec.postgresql?.parameters?.wal_log_hints;
  if (value !== undefined && parseBooleanSetting(value) === false && spec.instances > 1) {
    yield fieldError(parameterField('wal_log_hints'), value, 'must be on with more than one instance');
  }
}

const megabyte = 2 ** 20;

function* walSizeRules({ spec }: Cluster): Generator<FieldError> {
  const parameters = spec.postgresql?.parameters ?? {};
  const sizes = { min_wal_size: 80 * megabyte, max_wal_size: 1024 * megabyte };
  for (const name of ['min_wal_size', 'max_wal_size'] as const) {
    const value = parameters[name];
    if (value === undefined) continue;
    const size = parseMemorySetting(value, megabyte);
    if (size === undefined)
      yield fieldError(parameterField(name), value, 'must be a number of MB, or a size in B, kB, MB, GB or TB');
    else sizes[name] = size;
  }
  if ((parameters.min_wal_size ?? parameters.max_wal_size) !== undefined && sizes.min_wal_size > sizes.max_wal_size) {
    yield fieldError(
      parameterField('min_wal_size'),
      parameters.min_wal_size ?? '80MB',
      'must not be more than max_wal_size',
    );
  }
  for (const [name, size] of Object.entries(sizes)) {
    const value = parameters[name];
    const [place, volume] = walVolume(spec);
    if (value !== undefined && volume !== undefined && size >= volume) {
      yield fieldError(
        parameterField(name),
        value,
        `must be less than the size of the volume that holds WAL (${place})`,
      );
    }
  }
}

function walVolume({ storage, walStorage }: Cluster['spec']): [string, number | undefined] {
  const size = (walStorage ?? storage)?.size;
  return [walStorage ? 'spec.walStorage' : 'spec.storage', size === undefined ? undefined : parseQuantity(size)];
}
