import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const tolerations = (...list: object[]): Partial<ClusterSpec> => ({ affinity: { tolerations: list } });

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a toleration', tolerations({ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }), []],
  ['everything', tolerations({ operator: 'Exists' }), []],
  [
    'no key',
    tolerations({ operator: 'Equal', value: 'b' }),
    ['spec.affinity.tolerations[0].operator: "Equal": must be Exists when key is empty'],
  ],
  [
    'a value that cannot be',
    tolerations({ key: 'a', operator: 'Exists', value: 'b' }),
    ['spec.affinity.tolerations[0].value: "b": must be empty with operator Exists'],
  ],
  [
    'no such effect',
    tolerations({ key: 'a', effect: 'Never' }),
    ['spec.affinity.tolerations[0].effect: "Never": must be one of NoSchedule, PreferNoSchedule, NoExecute'],
  ],
  [
    'seconds of another effect',
    tolerations({ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }),
    ['spec.affinity.tolerations[0].effect: "NoSchedule": must be NoExecute with tolerationSeconds'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
