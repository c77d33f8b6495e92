import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const services = (serviceTemplate: object): Partial<ClusterSpec> => ({
  managed: { services: { additional: [{ selectorType: 'rw', serviceTemplate }] } },
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a service', services({ metadata: { name: 'example-public' } }), []],
  [
    'a service without name',
    services({}),
    ['spec.managed.services.additional[0].serviceTemplate.metadata.name: "": must not be empty'],
  ],
  [
    'a service with our name',
    services({ metadata: { name: 'example-rw' } }),
    [expect.stringContaining('is the name of another service of the cluster')],
  ],
  [
    'a service with a selector',
    services({ metadata: { name: 'a' }, spec: { selector: { a: 'b' } } }),
    [
      'spec.managed.services.additional[0].serviceTemplate.spec.selector: must be empty: selectorType says which instances',
    ],
  ],
  [
    'no service of the primary',
    { managed: { services: { disabledDefaultServices: ['rw'] } } },
    ['spec.managed.services.disabledDefaultServices: ["rw"]: rw cannot be disabled'],
  ],
  [
    'a role twice',
    { managed: { roles: [{ name: 'a' }, { name: 'a' }] } },
    ['spec.managed.roles[1].name: "a": is there twice'],
  ],
  [
    'a reserved role',
    { managed: { roles: [{ name: 'pg_monitor' }] } },
    ['spec.managed.roles[0].name: "pg_monitor": is reserved'],
  ],
  [
    'a limit below -1',
    { managed: { roles: [{ name: 'a', connectionLimit: -2 }] } },
    ['spec.managed.roles[0].connectionLimit: -2: must be at least -1, which means no limit'],
  ],
  [
    'a password and none',
    { managed: { roles: [{ name: 'a', disablePassword: true, passwordSecret: { name: 'b' } }] } },
    ['spec.managed.roles[0].disablePassword: true: cannot go together with passwordSecret'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
