import { methodRules } from '../backup/method-rules.ts';
import type { ScheduledBackup } from '../generated/scheduled-backup.ts';
import { scheduledBackup as scheduledBackupKind } from '../kinds/scheduled-backup.ts';
import { fieldError, type ValidationResult } from '../validation/field-error.ts';
import { validateKind } from '../validation/validate-kind.ts';
import { parseSchedule, ScheduleError } from './schedule.ts';

/** What is wrong with a defaulted ScheduledBackup. */
export function validateScheduledBackup(scheduled: ScheduledBackup): ValidationResult {
  return validateKind(scheduledBackupKind, scheduled, () => {
    const schedule = checkSchedule(scheduled.spec.schedule);
    return { errors: [...schedule.errors, ...methodRules(scheduled.spec)], warnings: schedule.warnings };
  });
}

function checkSchedule(expression: string): ValidationResult {
  try {
    const schedule = parseSchedule(expression);
    const short = schedule.kind === 'calendar' && schedule.fields !== 6;
    const warning = `spec.schedule: ${expression} has 5 fields; the first is the second, and the sixth, the day of week, is taken as *`;
    return { errors: [], warnings: short ? [warning] : [] };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return { errors: [fieldError('spec.schedule', expression, error.message)], warnings: [] };
  }
}
