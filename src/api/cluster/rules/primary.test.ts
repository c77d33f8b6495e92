import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['no instance', { instances: 0 }, ['spec.instances: 0: must be at least 1']],
  ['supervised', { primaryUpdateStrategy: 'supervised' }, []],
  [
    'supervised alone',
    { instances: 1, primaryUpdateStrategy: 'supervised' },
    ['spec.primaryUpdateStrategy: "supervised": needs at least two instances'],
  ],
  ['a negative delay', { startDelay: -1 }, ['spec.startDelay: -1: must not be negative (seconds)']],
  [
    'a smart shutdown longer than the whole',
    { stopDelay: 60 },
    ['spec.smartShutdownTimeout: 180: must not be more than stopDelay, 60'],
  ],
  [
    'a lease that would let two serve',
    { primaryLease: { leaseDurationSeconds: 15, renewDeadlineSeconds: 14 } },
    [expect.stringMatching(/^spec\.primaryLease: .*is too short for renewDeadlineSeconds 14/)],
  ],
  ['a lease', { primaryLease: { leaseDurationSeconds: 30, renewDeadlineSeconds: 20, retryPeriodSeconds: 5 } }, []],
  [
    'a lease shorter than its renewal',
    { primaryLease: { leaseDurationSeconds: 10 } },
    ['spec.primaryLease.leaseDurationSeconds: 10: must be more than renewDeadlineSeconds, 10'],
  ],
  [
    'a retry that is too late',
    { primaryLease: { retryPeriodSeconds: 9 } },
    ['spec.primaryLease.renewDeadlineSeconds: 10: must be more than 1.2 times retryPeriodSeconds, 9'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
