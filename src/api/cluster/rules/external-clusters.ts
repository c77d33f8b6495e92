import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { barmanRules } from './barman.ts';
import { pluginEntryRules } from './plugins.ts';

export function* externalClusterRules({ spec }: Cluster): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [index, entry] of (spec.externalClusters ?? []).entries()) {
    const field = `spec.externalClusters[${index}]`;
    const { name } = entry;
    if (seen.has(name)) yield fieldError(`${field}.name`, name, 'is there twice');
    seen.add(name);
    // Files with its credentials are named after it.
    if (name === '' || /[/\\]/.test(name) || name === '.' || name.includes('..')) {
      yield fieldError(`${field}.name`, name, 'must be a name without /, \\ or ..');
    }
    if (!entry.connectionParameters && !entry.barmanObjectStore && !entry.plugin) {
      yield fieldError(field, name, 'must have connectionParameters, barmanObjectStore or plugin');
    }
    if (entry.barmanObjectStore && entry.plugin) {
      yield fieldError(`${field}.plugin`, entry.plugin.name, 'cannot go together with barmanObjectStore');
    }
    if (entry.plugin) yield* pluginEntryRules(`${field}.plugin`, entry.plugin);
    if (entry.barmanObjectStore) yield* barmanRules(`${field}.barmanObjectStore`, entry.barmanObjectStore);
  }
}
