import { expect, test } from '@jest/globals';
import type { Pooler, PoolerSpec } from '../generated/pooler.ts';
import { errorsOf } from '../testing/errors-of.ts';
import { validatePooler } from './validate.ts';

const pooler = (spec: Partial<PoolerSpec>): Pooler => ({
  metadata: { name: 'example-rw-pool', namespace: 'default' },
  spec: { cluster: { name: 'example' }, pgbouncer: {}, ...spec },
});

test.each<[string, Partial<PoolerSpec>, unknown[]]>([
  ['a pooler', { pgbouncer: { parameters: { default_pool_size: '10' } } }, []],
  ['of nothing', { cluster: { name: '' } }, ['spec.cluster.name: "": must not be empty']],
  [
    'with the name of the cluster',
    { cluster: { name: 'example-rw-pool' } },
    ['metadata.name: "example-rw-pool": must not be the name of the cluster'],
  ],
  [
    'with a parameter of ours',
    { pgbouncer: { parameters: { listen_port: '1' } } },
    [
      expect.stringMatching(
        /^spec\.pgbouncer\.parameters\[listen_port\]: "1": cannot be set; allowed are application_name_add_host, /,
      ),
    ],
  ],
  [
    'with a query without user',
    { pgbouncer: { authQuery: 'SELECT' } },
    ['spec.pgbouncer.authQuerySecret: "": authQuery and authQuerySecret must be set together'],
  ],
  [
    'with a user without query',
    { pgbouncer: { authQuerySecret: { name: 'a' } } },
    ['spec.pgbouncer.authQuery: "": authQuery and authQuerySecret must be set together'],
  ],
  [
    'with metrics that lack a certificate',
    { monitoring: { enablePodMonitor: true, tls: { enabled: true } } },
    ['spec.pgbouncer.clientTLSSecret: "": must be set when the metrics of a PodMonitor speak TLS'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validatePooler(pooler(spec)))).toEqual(expected);
});
