import { expect, test } from '@jest/globals';
import type { ClusterSpec, PluginConfiguration } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { formatFieldError } from '../../validation/field-error.ts';
import { objectStoreNames } from '../plugin-store.ts';
import { validateCluster } from './validate-cluster.ts';

const name = 'barman-cloud.cloudnative-pg.io';
const plugin = (more: Partial<PluginConfiguration> = {}): PluginConfiguration => ({
  name,
  isWALArchiver: true,
  parameters: { barmanObjectName: 'store' },
  ...more,
});
const other = { name: 'other.example.com' };

test.each<[string, Partial<ClusterSpec>, string[]]>([
  ['the plugin', { plugins: [plugin()] }, []],
  ['another one that is off', { plugins: [plugin(), { ...other, enabled: false }] }, []],
  [
    'another one',
    { plugins: [plugin(), other] },
    [`spec.plugins[1].name: "other.example.com": not supported by this version of Howdah; allowed: ${name}`],
  ],
  [
    'without a store',
    { plugins: [plugin({ parameters: {} })] },
    [
      'spec.plugins[0].parameters.barmanObjectName: must be the name of an ObjectStore (barmancloud.cnpg.io/v1) of this namespace',
    ],
  ],
  [
    'with a typo',
    { plugins: [plugin({ parameters: { barmanObjectName: 'store', servername: 'x' } })] },
    [
      'spec.plugins[0].parameters.servername: not supported by this version of Howdah; allowed: barmanObjectName or serverName',
    ],
  ],
  [
    'without WAL',
    { plugins: [plugin({ isWALArchiver: false })] },
    [
      'spec.plugins[0].isWALArchiver: false: must be true: a backup is worth nothing without the WAL that belongs to it',
    ],
  ],
  [
    'of an external cluster',
    { externalClusters: [{ name: 'origin', plugin: { ...other } }] },
    [
      `spec.externalClusters[0].plugin.name: "other.example.com": not supported by this version of Howdah; allowed: ${name}`,
    ],
  ],
])('%s', (_name, spec, errors) => {
  expect(validateCluster(aCluster(spec)).errors.map(formatFieldError)).toEqual(errors);
});

test('the stores that a cluster names, each once', () => {
  const external = (store: string) => ({ name: store, plugin: plugin({ parameters: { barmanObjectName: store } }) });
  const cluster = aCluster({ plugins: [plugin()], externalClusters: [external('a'), external('store')] });
  expect(objectStoreNames(cluster)).toEqual(['a', 'store']);
});
