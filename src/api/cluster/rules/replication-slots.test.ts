import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const logical = (parameters: Record<string, string>): Partial<ClusterSpec> => ({
  replicationSlots: { highAvailability: { synchronizeLogicalDecoding: true } },
  postgresql: { parameters },
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['patterns', { replicationSlots: { synchronizeReplicas: { enabled: true, excludePatterns: ['^a'] } } }, []],
  [
    'a pattern that is none',
    { replicationSlots: { synchronizeReplicas: { enabled: true, excludePatterns: ['^a', '('] } } },
    ['spec.replicationSlots.synchronizeReplicas.excludePatterns[1]: "(": must be a regular expression'],
  ],
  [
    'a prefix with a dash',
    { replicationSlots: { highAvailability: { slotPrefix: 'a-' } } },
    ['spec.replicationSlots.highAvailability.slotPrefix: "a-": must be lower-case letters, digits and _'],
  ],
  ['logical decoding', logical({ hot_standby_feedback: 'on', sync_replication_slots: 'on' }), []],
  [
    'logical decoding without the rest',
    logical({}),
    [
      'spec.replicationSlots.highAvailability.synchronizeLogicalDecoding: true: needs the parameter hot_standby_feedback to be on',
      'spec.replicationSlots.highAvailability.synchronizeLogicalDecoding: true: needs the parameter sync_replication_slots to be on',
    ],
  ],
  [
    'logical decoding on 16',
    { ...logical({ hot_standby_feedback: 'on' }), imageName: 'postgresql:16.4' },
    [
      'spec.replicationSlots.highAvailability.synchronizeLogicalDecoding: true: needs the library pg_failover_slots on PostgreSQL 16',
    ],
  ],
  [
    'failover slots without feedback',
    { postgresql: { parameters: { 'pg_failover_slots.synchronize_slot_names': 'a' } } },
    ['spec.postgresql.parameters[hot_standby_feedback]: "": must be on with pg_failover_slots'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
