import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { annotation } from '../../../labels.ts';
import { barmanRules } from './barman.ts';

export function* backupRules({ metadata, spec }: Cluster): Generator<FieldError> {
  const { retentionPolicy, barmanObjectStore } = spec.backup ?? {};
  if (retentionPolicy !== undefined && !/^[1-9][0-9]*[dwm]$/.test(retentionPolicy)) {
    yield fieldError(
      'spec.backup.retentionPolicy',
      retentionPolicy,
      'must be a number of days, weeks or months such as 30d',
    );
  }
  const { [annotation.retentionCount]: count, [annotation.retentionDryRun]: dryRun } = metadata.annotations ?? {};
  if (count !== undefined && !/^[1-9][0-9]{0,5}$/.test(count)) {
    const field = `metadata.annotations[${annotation.retentionCount}]`;
    yield fieldError(field, count, 'must be the number of backups that are kept, from 1 to 999999');
  }
  if (dryRun !== undefined && !['true', 'false'].includes(dryRun)) {
    yield fieldError(`metadata.annotations[${annotation.retentionDryRun}]`, dryRun, 'must be true or false');
  }
  if (barmanObjectStore) yield* barmanRules('spec.backup.barmanObjectStore', barmanObjectStore);
}
