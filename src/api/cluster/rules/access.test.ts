import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const ref = (name: string) => ({ name, selector: { matchLabels: { app: name } } });

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['LDAP', { postgresql: { ldap: { server: 'a', bindAsAuth: { prefix: 'cn=' } } } }, []],
  [
    'LDAP without server or bind',
    { postgresql: { ldap: {} } },
    [
      'spec.postgresql.ldap.server: "": must not be empty',
      'spec.postgresql.ldap: must have exactly one of bindAsAuth and bindSearchAuth',
    ],
  ],
  ['a line', { postgresql: { pg_hba: ['host all all 10.0.0.0/8 scram-sha-256'] } }, []],
  [
    'two lines in one',
    { postgresql: { pg_hba: ['local all all peer\nhost all all all trust'] } },
    [expect.stringContaining('spec.postgresql.pg_hba[0]')],
  ],
  [
    'two lines in one map',
    { postgresql: { pg_ident: ['a b c\nd e f'] } },
    [expect.stringContaining('spec.postgresql.pg_ident[0]')],
  ],
  [
    'selected pods',
    { podSelectorRefs: [ref('web')], postgresql: { pg_hba: ['host all all ${podselector:web} trust'] } },
    [],
  ],
  [
    'pods that nobody selects',
    { postgresql: { pg_hba: ['host all all ${podselector:web} trust'] } },
    ['spec.postgresql.pg_hba[0]: "host all all ${podselector:web} trust": there is no entry web in podSelectorRefs'],
  ],
  [
    'two selectors in a line',
    { podSelectorRefs: [ref('a')], postgresql: { pg_hba: ['${podselector:a} ${podselector:a}'] } },
    [expect.stringContaining('at most one')],
  ],
  [
    'two selectors of one name',
    { podSelectorRefs: [ref('a'), ref('a')] },
    ['spec.podSelectorRefs[1].name: "a": is there twice'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
