import { barmanPlugin } from '../../../naming.ts';
import type { Cluster, PluginConfiguration } from '../../generated/cluster.ts';
import { anyOf, fieldError, unsupportedMessage, type FieldError } from '../../validation/field-error.ts';
import { pluginParameters } from '../plugin-store.ts';

/** One entry that names a plugin: which one, and what it is told. */
export function* pluginEntryRules(
  field: string,
  { name, parameters = {} }: PluginConfiguration,
): Generator<FieldError> {
  if (name !== barmanPlugin) {
    yield fieldError(`${field}.name`, name, `${unsupportedMessage}; allowed: ${barmanPlugin}`);
    return;
  }
  if ((parameters['barmanObjectName'] ?? '') === '') {
    const message = 'must be the name of an ObjectStore (barmancloud.cnpg.io/v1) of this namespace';
    yield fieldError(`${field}.parameters.barmanObjectName`, parameters['barmanObjectName'], message);
  }
  for (const parameter of Object.keys(parameters)) {
    if ((pluginParameters as readonly string[]).includes(parameter)) continue;
    const message = `${unsupportedMessage}; allowed: ${anyOf(pluginParameters)}`;
    yield fieldError(`${field}.parameters.${parameter}`, undefined, message);
  }
  const { serverName } = parameters;
  if (serverName !== undefined && (serverName === '' || serverName.includes('/'))) {
    yield fieldError(`${field}.parameters.serverName`, serverName, 'must be a name without /');
  }
}

export function* pluginRules({ spec }: Cluster): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [index, plugin] of (spec.plugins ?? []).entries()) {
    const field = `spec.plugins[${index}]`;
    if (seen.has(plugin.name)) yield fieldError(`${field}.name`, plugin.name, 'is there twice');
    seen.add(plugin.name);
    if (plugin.enabled === false) continue;
    yield* pluginEntryRules(field, plugin);
    if (plugin.name === barmanPlugin && plugin.isWALArchiver !== true && !spec.backup?.barmanObjectStore) {
      const message = 'must be true: a backup is worth nothing without the WAL that belongs to it';
      yield fieldError(`${field}.isWALArchiver`, plugin.isWALArchiver, message);
    }
  }
  const entries = (spec.plugins ?? []).filter((plugin) => plugin.enabled !== false);
  const names = entries.map(({ name }) => name);
  if (entries.filter((plugin) => plugin.isWALArchiver).length > 1) {
    yield fieldError('spec.plugins', names, 'at most one plugin may be the WAL archiver');
  }
  if (names.length > 0 && spec.backup?.barmanObjectStore) {
    const message = 'a plugin cannot be the WAL archiver together with backup.barmanObjectStore';
    yield fieldError('spec.plugins', names, message);
  }
}
