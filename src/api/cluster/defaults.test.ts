import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterSpec } from '../generated/cluster.ts';
import { aBareCluster, aCluster } from '../testing/a-cluster.ts';
import { defaultCluster } from './defaults.ts';
import { defaultImageName } from './image.ts';
import { globalParameters } from './parameters.ts';
import { validateCluster } from './rules/validate-cluster.ts';

const initdb = { database: 'app', owner: 'app', encoding: 'UTF8', localeCollate: 'C', localeCType: 'C' };

test('a bare Cluster is said in full', () => {
  expect(aCluster().spec).toMatchObject({
    imageName: defaultImageName,
    postgresUID: 26,
    logLevel: 'info',
    bootstrap: { initdb },
    affinity: { podAntiAffinityType: 'preferred' },
    postgresql: { enableAlterSystem: false, parameters: globalParameters },
    replicationSlots: {
      highAvailability: { enabled: true, slotPrefix: '_cnpg_' },
      synchronizeReplicas: { enabled: true },
      updateInterval: 30,
    },
    probes: { liveness: { isolationCheck: { enabled: true, requestTimeout: 1000, connectionTimeout: 1000 } } },
    storage: { size: '10Gi', resizeInUseVolumes: true },
    primaryUpdateStrategy: 'unsupervised',
    primaryUpdateMethod: 'restart',
    enablePDB: true,
  });
});

test.each<[string, Partial<ClusterSpec>, object]>([
  [
    'the owner has the name of the database',
    { bootstrap: { initdb: { database: 'shop' } } },
    { bootstrap: { initdb: { ...initdb, database: 'shop', owner: 'shop' } } },
  ],
  [
    'what is said stays',
    { bootstrap: { initdb: { database: 'a', owner: 'b', encoding: 'LATIN1' } } },
    { bootstrap: { initdb: { database: 'a', owner: 'b', encoding: 'LATIN1' } } },
  ],
  [
    'a restored cluster has an application database',
    { bootstrap: { recovery: { source: 'a' } } },
    { bootstrap: { recovery: { source: 'a', database: 'app', owner: 'app' } } },
  ],
  [
    'a set parameter wins',
    { postgresql: { parameters: { wal_keep_size: '1GB' } } },
    { postgresql: { parameters: { wal_keep_size: '1GB', wal_level: 'logical' } } },
  ],
  ['a backup prefers a standby', { backup: {} }, { backup: { target: 'prefer-standby' } }],
  [
    'synchronous replication is durable',
    { postgresql: { synchronous: { method: 'any', number: 1 } } },
    { postgresql: { synchronous: { dataDurability: 'required' } } },
  ],
  [
    'a tablespace belongs to the owner of the database',
    { bootstrap: { initdb: { owner: 'shop', database: 'x' } }, tablespaces: [{ name: 'a', storage: { size: '1Gi' } }] },
    { tablespaces: [{ owner: { name: 'shop' } }] },
  ],
  [
    'a tablespace has the owner that is said',
    { tablespaces: [{ name: 'a', storage: { size: '1Gi' }, owner: { name: 'b' } }] },
    { tablespaces: [{ owner: { name: 'b' } }] },
  ],
  [
    'slots that are off stay off',
    { replicationSlots: { highAvailability: { enabled: false } } },
    { replicationSlots: { highAvailability: { enabled: false, slotPrefix: '_cnpg_' } } },
  ],
])('%s', (_name, given, expected) => {
  expect(aCluster(given).spec).toMatchObject(expected);
});

test('a cluster that is restored or copied is not made by initdb', () => {
  expect(aCluster({ bootstrap: { recovery: { source: 'a' } } }).spec.bootstrap).not.toHaveProperty('initdb');
});

test('a replica cluster has no application database of its own', () => {
  const spec = { bootstrap: { recovery: { source: 'a' } }, replica: { source: 'a', enabled: true } };
  expect(aCluster(spec).spec.bootstrap).toEqual({ recovery: { source: 'a' } });
});

test('the image is of the operator when the Cluster names none, and of the catalog when it names one', () => {
  expect(defaultCluster(aBareCluster(), { imageName: 'postgresql:17.1' }).spec.imageName).toBe('postgresql:17.1');
  const imageCatalogRef = { kind: 'ImageCatalog', name: 'images', major: 18 };
  expect(aCluster({ imageCatalogRef }).spec).not.toHaveProperty('imageName');
});

test('alpha annotations are read', () => {
  const synchronous = { method: 'any', number: 1 } as const;
  const cluster = aCluster(
    { postgresql: { synchronous } },
    { 'alpha.cnpg.io/failoverQuorum': 'true', 'alpha.cnpg.io/livenessPinger': '{"enabled":false,"other":1}' },
  );
  expect(cluster.spec.postgresql?.synchronous?.failoverQuorum).toBe(true);
  expect(cluster.spec.probes?.liveness?.isolationCheck).toEqual({
    enabled: false,
    requestTimeout: 1000,
    connectionTimeout: 1000,
  });
});

const name = fc.constantFrom('app', 'shop', 'reporting');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** Specs that are valid before they are defaulted. */
const validSpec = fc
  .record({
    instances: fc.integer({ min: 1, max: 9 }),
    logLevel: maybe(fc.constantFrom('info', 'debug')),
    bootstrap: maybe(fc.record({ initdb: fc.record({ database: name, owner: name }, { requiredKeys: [] }) })),
    postgresql: maybe(
      fc.record({
        parameters: fc.dictionary(fc.constantFrom('work_mem', 'wal_keep_size', 'archive_timeout'), fc.constant('64')),
      }),
    ),
    replicationSlots: maybe(fc.record({ highAvailability: maybe(fc.record({ enabled: maybe(fc.boolean()) })) })),
    probes: maybe(fc.record({ liveness: maybe(fc.record({ periodSeconds: fc.integer({ min: 1, max: 30 }) })) })),
    affinity: maybe(fc.record({ topologyKey: maybe(fc.constant('zone')) })),
    walStorage: maybe(fc.constant({ size: '1Gi' })),
  })
  .map((spec) => JSON.parse(JSON.stringify(spec)) as Partial<ClusterSpec>);

test('defaulting twice is defaulting once, and a valid Cluster stays valid', () => {
  fc.assert(
    fc.property(validSpec, (spec) => {
      const once = aCluster(spec);
      expect(defaultCluster(once)).toEqual(once);
      expect(validateCluster(once).errors).toEqual([]);
      expect(validateCluster(once, once).errors).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
