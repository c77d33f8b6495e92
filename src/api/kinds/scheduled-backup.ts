import { ageColumn, type Kind } from '../schema/kind.ts';
import { choice, flag, object, required, text, time } from '../schema/schema.ts';
import { as } from '../schema/schema.ts';
import { backupFields } from './backup.ts';

export const scheduledBackup: Kind = {
  kind: 'ScheduledBackup',
  plural: 'scheduledbackups',
  namespaced: true,
  description: 'Backups of a cluster on a schedule.',
  spec: object('ScheduledBackupSpec', 'What is to be backed up, and when.', {
    schedule: required(
      text('When, as a cron expression of six fields that begins with the seconds; in UTC unless it begins with TZ=.'),
    ),
    suspend: flag('No backups are taken.'),
    immediate: flag('The first backup is taken at once.'),
    backupOwnerReference: choice(
      ['none', 'self', 'cluster'],
      'Which object owns the backups: none, this one (self) or the cluster.',
      { default: 'none' },
    ),
    ...backupFields,
    cluster: as(backupFields.cluster, 'The cluster to back up; it cannot change.', {
      rules: [{ rule: 'self == oldSelf', message: 'cluster is immutable' }],
    }),
  }),
  status: object('ScheduledBackupStatus', 'What was observed of the schedule; only the operator writes it.', {
    lastCheckTime: time('When the schedule was last looked at.'),
    lastScheduleTime: time('When a backup was last begun.'),
    nextScheduleTime: time('When the next backup begins.'),
    error: text('Why the schedule is not followed.'),
  }),
  columns: [
    ageColumn,
    { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster.name' },
    { name: 'Last Backup', type: 'date', jsonPath: '.status.lastScheduleTime' },
  ],
};
