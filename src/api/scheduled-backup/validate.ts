import { methodRules } from '../backup/method-rules.ts';
import type { ScheduledBackup } from '../generated/scheduled-backup.ts';
import { scheduledBackup as scheduledBackupKind } from '../kinds/scheduled-backup.ts';
import { fieldError, type ValidationResult } from '../validation/field-error.ts';
import { validateKind } from '../support/validate-kind.ts';
import { nextTime } from './next.ts';
import { parseSchedule, ScheduleError } from './schedule.ts';

/** What is wrong with a defaulted ScheduledBackup. */
export function validateScheduledBackup(scheduled: ScheduledBackup): ValidationResult {
  return validateKind(scheduledBackupKind, scheduled, () => {
    const schedule = checkSchedule(scheduled.spec.schedule);
    return { errors: [...schedule.errors, ...methodRules(scheduled.spec)], warnings: schedule.warnings };
  });
}

/** Five years from here there is every day that there is. */
const anyTime = new Date('2024-01-01T00:00:00Z');

function checkSchedule(expression: string): ValidationResult {
  try {
    const schedule = parseSchedule(expression);
    if (nextTime(schedule, anyTime) === undefined) {
      const message = 'names no moment: there is no such day in the calendar';
      return { errors: [fieldError('spec.schedule', expression, message)], warnings: [] };
    }
    const short = schedule.kind === 'calendar' && schedule.fields !== 6;
    const warning = `spec.schedule: ${expression} has 5 fields; the first is the second, and the sixth, the day of week, is taken as *`;
    return { errors: [], warnings: short ? [warning] : [] };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return { errors: [fieldError('spec.schedule', expression, error.message)], warnings: [] };
  }
}
