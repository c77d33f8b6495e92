import type { BackupSpec } from '../generated/backup.ts';
import { barmanPlugin } from '../../naming.ts';
import { fieldError, type FieldError, unsupportedMessage } from '../validation/field-error.ts';

type MethodFields = Pick<BackupSpec, 'method' | 'online' | 'pluginConfiguration' | 'cluster'>;

/** What Backup and ScheduledBackup say alike about how a backup is taken. */
export function* methodRules(spec: MethodFields): Generator<FieldError> {
  const method = spec.method ?? 'barmanObjectStore';
  if (spec.cluster.name === '') yield fieldError('spec.cluster.name', '', 'must not be empty');
  // Nobody has to say it, so it is no value of the table.
  if (spec.online === false) yield fieldError('spec.online', false, `${unsupportedMessage}; allowed: true`);
  if (method === 'plugin' && !spec.pluginConfiguration?.name) {
    yield fieldError('spec.pluginConfiguration.name', '', 'must be set with method plugin');
  }
  const plugin = spec.pluginConfiguration?.name ?? '';
  if (method === 'plugin' && plugin !== '' && plugin !== barmanPlugin) {
    yield fieldError('spec.pluginConfiguration.name', plugin, `${unsupportedMessage}; allowed: ${barmanPlugin}`);
  }
  if (method !== 'plugin' && spec.pluginConfiguration) {
    yield fieldError('spec.pluginConfiguration', undefined, `is only for method plugin; the method is ${method}`);
  }
}
