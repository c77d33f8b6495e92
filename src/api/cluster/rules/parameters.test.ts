import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const parameters = (given: Record<string, string>): Partial<ClusterSpec> => ({ postgresql: { parameters: given } });

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a parameter', parameters({ work_mem: '64MB', 'pg_stat_statements.max': '100' }), []],
  [
    'no name',
    parameters({ 'work mem': '64MB' }),
    ['spec.postgresql.parameters[work mem]: "64MB": is not the name of a setting: letters, digits, _, $ and dots'],
  ],
  ['two lines', parameters({ work_mem: "64MB'\nport = 1" }), [expect.stringContaining('must be one line')]],
  [
    'a fixed one',
    parameters({ port: '5433' }),
    ['spec.postgresql.parameters[port]: "5433": cannot be set: the operator owns it'],
  ],
  ['a fixed one in capitals', parameters({ Archive_Command: 'cp' }), [expect.stringContaining('the operator owns it')]],
  [
    'a blocked one',
    parameters({ listen_addresses: 'a' }),
    ['spec.postgresql.parameters[listen_addresses]: "a": cannot be set: instances need it as it is'],
  ],
  ['a blocked one at its default', parameters({ logging_collector: 'on' }), []],
  [
    'a blocked one at another value',
    parameters({ logging_collector: 'off' }),
    [expect.stringContaining('spec.postgresql.parameters[logging_collector]')],
  ],
  [
    'libraries',
    parameters({ shared_preload_libraries: 'pg_stat_statements' }),
    [
      'spec.postgresql.parameters[shared_preload_libraries]: "pg_stat_statements": cannot be set here; use spec.postgresql.shared_preload_libraries',
    ],
  ],
  [
    'a boolean that is none',
    parameters({ hot_standby_feedback: 'maybe' }),
    ['spec.postgresql.parameters[hot_standby_feedback]: "maybe": must be on or off'],
  ],
  [
    'no hints',
    parameters({ wal_log_hints: 'off' }),
    ['spec.postgresql.parameters[wal_log_hints]: "off": must be on with more than one instance'],
  ],
  ['no hints in one instance', { instances: 1, ...parameters({ wal_log_hints: 'off' }) }, []],
  [
    'no such level',
    parameters({ wal_level: 'archive' }),
    ['spec.postgresql.parameters[wal_level]: "archive": must be replica, logical or minimal'],
  ],
  ['the minimal level', { instances: 1, ...parameters({ wal_level: 'minimal', max_wal_senders: '0' }) }, []],
  [
    'the minimal level with senders',
    { instances: 1, ...parameters({ wal_level: 'minimal' }) },
    ['spec.postgresql.parameters[wal_level]: "minimal": must be replica or logical unless max_wal_senders is 0'],
  ],
  [
    'the minimal level in three instances',
    parameters({ wal_level: 'minimal', max_wal_senders: '0' }),
    ['spec.postgresql.parameters[wal_level]: "minimal": must be replica or logical with more than one instance'],
  ],
  ['WAL sizes', parameters({ min_wal_size: '1GB', max_wal_size: '2GB' }), []],
  [
    'WAL sizes the wrong way',
    parameters({ min_wal_size: '3GB', max_wal_size: '2GB' }),
    ['spec.postgresql.parameters[min_wal_size]: "3GB": must not be more than max_wal_size'],
  ],
  [
    'more WAL than room',
    { walStorage: { size: '2Gi' }, ...parameters({ max_wal_size: '2GB' }) },
    [
      'spec.postgresql.parameters[max_wal_size]: "2GB": must be less than the size of the volume that holds WAL (spec.walStorage)',
    ],
  ],
  [
    'a WAL size in words',
    parameters({ max_wal_size: 'big' }),
    ['spec.postgresql.parameters[max_wal_size]: "big": must be a number of MB, or a size in B, kB, MB, GB or TB'],
  ],
  [
    'an empty library',
    { postgresql: { shared_preload_libraries: [''] } },
    ['spec.postgresql.shared_preload_libraries[0]: "": must be the name of a library'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
