import { annotation } from '../../../labels.ts';
import type { Cluster } from '../../generated/cluster.ts';
import { parseSchedule, ScheduleError } from '../../scheduled-backup/schedule.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { hasArchive } from '../plugin-store.ts';

const longest = 50 - '-drill'.length;

/** The annotation that asks for restore drills. */
export function* restoreDrillRules(cluster: Cluster): Generator<FieldError> {
  const expression = cluster.metadata.annotations?.[annotation.restoreDrill];
  if (expression === undefined) return;
  const field = `metadata.annotations[${annotation.restoreDrill}]`;
  try {
    parseSchedule(expression);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    yield fieldError(field, expression, error.message);
  }
  if (!hasArchive(cluster)) {
    yield fieldError(field, expression, 'needs spec.backup.barmanObjectStore or a plugin that keeps backups');
  }
  if (cluster.metadata.name.length > longest) {
    yield fieldError(
      'metadata.name',
      cluster.metadata.name,
      `must have at most ${longest} characters with restore drills`,
    );
  }
}
