import { annotation } from '../../labels.ts';
import type { BootstrapConfiguration, Cluster, ClusterSpec, LivenessProbe } from '../generated/cluster.ts';
import { cluster as clusterKind } from '../kinds/cluster/cluster.ts';
import { withDefaults } from '../schema/defaults.ts';
import { fits } from '../schema/fits.ts';
import { defaultImageName } from './image.ts';
import { globalParameters } from './parameters.ts';

export interface ClusterDefaults {
  /** The operator's POSTGRES_IMAGE_NAME. */
  readonly imageName?: string;
}

/**
 * A copy of the Cluster with everything said that it leaves to us (reference §2.34). Doing it again changes nothing. One whose
 * values have wrong types is returned as it is.
 */
export function defaultCluster(cluster: Cluster, defaults: ClusterDefaults = {}): Cluster {
  const schema = required(clusterKind.spec);
  if (!fits(schema, cluster.spec)) return cluster;
  const { spec } = cluster;
  const annotations = cluster.metadata.annotations ?? {};
  const imageName = spec.imageName || (spec.imageCatalogRef ? undefined : (defaults.imageName ?? defaultImageName));
  const bootstrap = defaultBootstrap(spec);
  const said: ClusterSpec = {
    ...spec,
    ...(imageName !== undefined && { imageName }),
    bootstrap,
    postgresql: defaultPostgresql(spec, annotations),
    replicationSlots: defaultReplicationSlots(spec),
    affinity: { podAntiAffinityType: 'preferred', ...spec.affinity },
    probes: { ...spec.probes, liveness: defaultLiveness(spec, annotations) },
    ...(spec.tablespaces && { tablespaces: defaultTablespaces(spec.tablespaces, bootstrap) }),
  };
  // Last, because the sections that are made here have defaults of the schema too.
  return { ...cluster, spec: withDefaults(schema, said) as ClusterSpec };
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a Cluster has a spec');
  return value;
}

const applicationDatabase = 'app';

interface Application {
  database?: string;
  owner?: string;
}

/** The owner of the application database has its name, unless something else is said. */
function withApplication<T extends Application>(section: T): T & Required<Application> {
  const database = section.database || applicationDatabase;
  return { ...section, database, owner: section.owner || database };
}

function defaultBootstrap({ bootstrap = {}, replica }: ClusterSpec): BootstrapConfiguration {
  const { recovery, pg_basebackup: copy } = bootstrap;
  const initdb = bootstrap.initdb ?? (recovery || copy ? undefined : {});
  // The data of a replica cluster is another cluster's, and so are its application database and owner.
  const owned = replica === undefined;
  return {
    ...(initdb && { initdb: defaultInitdb(initdb) }),
    ...(recovery && { recovery: owned ? withApplication(recovery) : recovery }),
    ...(copy && { pg_basebackup: owned ? withApplication(copy) : copy }),
  };
}

type Initdb = NonNullable<BootstrapConfiguration['initdb']>;

function defaultInitdb(initdb: Initdb): Initdb {
  // A monolith import brings its own databases; there is no application database.
  const section = initdb.import?.type === 'monolith' ? initdb : withApplication(initdb);
  return {
    ...section,
    encoding: initdb.encoding || 'UTF8',
    localeCollate: initdb.localeCollate || 'C',
    localeCType: initdb.localeCType || 'C',
  };
}

function defaultPostgresql(
  { postgresql = {} }: ClusterSpec,
  annotations: Readonly<Record<string, string>>,
): NonNullable<ClusterSpec['postgresql']> {
  const { synchronous } = postgresql;
  const quorum = annotations[annotation.failoverQuorum];
  return {
    ...postgresql,
    parameters: { ...globalParameters, ...postgresql.parameters },
    ...(synchronous && {
      synchronous: {
        ...synchronous,
        dataDurability: synchronous.dataDurability ?? 'required',
        ...(synchronous.failoverQuorum === undefined && quorum !== undefined && { failoverQuorum: quorum === 'true' }),
      },
    }),
  };
}

function defaultReplicationSlots({ replicationSlots }: ClusterSpec): NonNullable<ClusterSpec['replicationSlots']> {
  return {
    updateInterval: 30,
    ...replicationSlots,
    highAvailability: { enabled: true, slotPrefix: '_cnpg_', ...replicationSlots?.highAvailability },
    synchronizeReplicas: replicationSlots?.synchronizeReplicas ?? { enabled: true },
  };
}

/** `isolationCheck` of an alpha annotation, which came before the field; a malformed one is left to validation. */
function defaultLiveness({ probes }: ClusterSpec, annotations: Readonly<Record<string, string>>): LivenessProbe {
  return {
    ...probes?.liveness,
    isolationCheck: {
      enabled: true,
      requestTimeout: 1000,
      connectionTimeout: 1000,
      ...parsePinger(annotations[annotation.livenessPinger]),
      ...probes?.liveness?.isolationCheck,
    },
  };
}

type IsolationCheck = NonNullable<LivenessProbe['isolationCheck']>;

function parsePinger(text: string | undefined): IsolationCheck {
  if (text === undefined) return {};
  try {
    const { enabled, requestTimeout, connectionTimeout } = Object(JSON.parse(text)) as Record<string, unknown>;
    return {
      ...(typeof enabled === 'boolean' && { enabled }),
      ...(typeof requestTimeout === 'number' && { requestTimeout }),
      ...(typeof connectionTimeout === 'number' && { connectionTimeout }),
    };
  } catch {
    return {};
  }
}

type Tablespaces = NonNullable<ClusterSpec['tablespaces']>;

/** A tablespace belongs to the owner of the application database, unless something else is said. */
function defaultTablespaces(tablespaces: Tablespaces, bootstrap: BootstrapConfiguration): Tablespaces {
  const name = (bootstrap.initdb ?? bootstrap.recovery ?? bootstrap.pg_basebackup)?.owner;
  if (name === undefined) return tablespaces;
  return tablespaces.map((tablespace) => (tablespace.owner?.name ? tablespace : { ...tablespace, owner: { name } }));
}
