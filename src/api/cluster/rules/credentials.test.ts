import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  [
    'a superuser secret without name',
    { superuserSecret: { name: '' } },
    ['spec.superuserSecret.name: "": must not be empty'],
  ],
  [
    'an account and a template',
    { serviceAccountName: 'a', serviceAccountTemplate: { metadata: {} } },
    ['spec.serviceAccountName: "a": cannot go together with serviceAccountTemplate'],
  ],
  ['a server certificate and its CA', { certificates: { serverTLSSecret: 'a', serverCASecret: 'b' } }, []],
  [
    'a server certificate without CA',
    { certificates: { serverTLSSecret: 'a' } },
    ['spec.certificates.serverCASecret: "": must be set when serverTLSSecret is'],
  ],
  [
    'a server certificate and names',
    { certificates: { serverTLSSecret: 'a', serverCASecret: 'b', serverAltDNSNames: ['c'] } },
    [
      'spec.certificates.serverAltDNSNames: ["c"]: must be empty when serverTLSSecret is set: its certificate says the names',
    ],
  ],
  [
    'a client certificate without CA',
    { certificates: { replicationTLSSecret: 'a' } },
    ['spec.certificates.clientCASecret: "": must be set when replicationTLSSecret is'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
