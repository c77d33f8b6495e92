import { annotation } from '../../labels.ts';
import type { Backup } from '../generated/backup.ts';
import { backup as backupKind } from '../kinds/backup.ts';
import { fieldError, type FieldError, type ValidationResult } from '../validation/field-error.ts';
import { validateKind } from '../support/validate-kind.ts';
import { methodRules } from './method-rules.ts';

/** What is wrong with a defaulted Backup. That it cannot change is a rule of its CustomResourceDefinition. */
export function validateBackup(backup: Backup): ValidationResult {
  return validateKind(backupKind, backup, () => ({
    errors: [...methodRules(backup.spec), ...deadlineRules(backup)],
    warnings: [],
  }));
}

function* deadlineRules({ metadata }: Backup): Generator<FieldError> {
  const deadline = metadata.annotations?.[annotation.volumeSnapshotDeadline];
  if (deadline !== undefined && !/^\d+$/.test(deadline)) {
    const field = `metadata.annotations[${annotation.volumeSnapshotDeadline}]`;
    yield fieldError(field, deadline, 'must be a whole number of minutes');
  }
}
