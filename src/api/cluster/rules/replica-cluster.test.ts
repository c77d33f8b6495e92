import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const origin = (name: string) => ({ name, connectionParameters: { host: name } });
const token = Buffer.from('{"latestCheckpointTimelineID":"1"}').toString('base64');
const replica = (section: object): Partial<ClusterSpec> => ({
  replica: { source: 'origin', ...section },
  bootstrap: { pg_basebackup: { source: 'origin' } },
  externalClusters: [origin('origin')],
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a replica cluster', replica({ enabled: true }), []],
  [
    'the primary of a topology',
    {
      ...replica({ primary: 'example' }),
      bootstrap: { initdb: {} },
      externalClusters: [origin('origin'), origin('example')],
    },
    [],
  ],
  [
    'both ways',
    replica({ enabled: true, primary: 'origin' }),
    ['spec.replica.enabled: true: cannot go together with primary'],
  ],
  [
    'made by initdb',
    { ...replica({ enabled: true }), bootstrap: { initdb: {} } },
    ['spec.bootstrap: must be recovery or pg_basebackup in a replica cluster'],
  ],
  [
    'an unknown source',
    replica({ enabled: true, source: 'a' }),
    ['spec.replica.source: "a": must be the name of an entry of externalClusters'],
  ],
  [
    'no token',
    replica({ enabled: false, promotionToken: 'secret' }),
    ['spec.replica.promotionToken: must be the demotion token of a cluster'],
  ],
  [
    'a token on a replica',
    replica({ enabled: true, promotionToken: token }),
    ['spec.replica.promotionToken: must be set on the primary cluster only'],
  ],
  [
    'a token and a delay',
    replica({ enabled: false, promotionToken: token, minApplyDelay: '1h' }),
    ['spec.replica.minApplyDelay: "1h": cannot go together with promotionToken'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
