import { appSecret, caSecret, replicationSecret, serverSecret, superuserSecret } from '../naming.ts';
import { annotation } from '../labels.ts';
import { clusterName } from './metadata.ts';
import type { BarmanObjectStoreConfiguration, SQLRefs } from '../api/generated/cluster.ts';
import type { ObjectStore } from '../api/generated/object-store.ts';
import type { Cluster } from './model.ts';

export interface Application {
  database: string;
  owner: string;
  secret?: { name: string };
}

/** The database and its owner that applications use; undefined when the bootstrap method makes none. */
export function application({ spec }: Cluster): Application | undefined {
  const { initdb, recovery, pg_basebackup: clone } = spec.bootstrap ?? {};
  // A cluster that is restored or cloned keeps what it has unless the user names a database.
  if (recovery === undefined && clone === undefined) {
    const database = initdb?.database ?? 'app';
    return { ...initdb, database, owner: initdb?.owner ?? database };
  }
  const target = recovery ?? clone;
  if (target?.database === undefined && recovery === undefined) return undefined;
  const database = target?.database ?? 'app';
  return { ...target, database, owner: target?.owner ?? database };
}

/** The names of the Secrets of a cluster: the user's where given, else ours. */
export const secretNames = (cluster: Cluster) => {
  const name = clusterName(cluster);
  const given = cluster.spec.certificates ?? {};
  const server = given.serverTLSSecret ?? serverSecret(name);
  const replication = given.replicationTLSSecret ?? replicationSecret(name);
  const [serverCa, clientCa] = [given.serverCASecret ?? caSecret(name), given.clientCASecret ?? caSecret(name)];
  return {
    serverCa,
    server,
    clientCa,
    replication,
    // Where the instances find ca.crt: the authority's own Secret may hold its key, which is none of their business. Secrets that the
    // operator issues have the authority's certificates in them; for others the authority is named apart.
    serverTrust: given.serverTLSSecret === undefined ? server : serverCa,
    clientTrust: given.replicationTLSSecret === undefined ? replication : clientCa,
    application: application(cluster)?.secret?.name ?? appSecret(name),
    superuser: cluster.spec.superuserSecret?.name ?? superuserSecret(name),
  };
};

const keySelector = (value: unknown): string[] =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' ? [value.name] : [];

const storeSecrets = (store: BarmanObjectStoreConfiguration | undefined): string[] => [
  ...keySelector(store?.endpointCA),
  ...[store?.s3Credentials, store?.azureCredentials, store?.googleCredentials].flatMap((credentials) =>
    Object.values(credentials ?? {}).flatMap(keySelector),
  ),
];

const sqlReferences = ({ spec }: Cluster): SQLRefs[] => {
  const initdb = spec.bootstrap?.initdb;
  return [initdb?.postInitSQLRefs, initdb?.postInitApplicationSQLRefs, initdb?.postInitTemplateSQLRefs].filter(
    (references) => references !== undefined,
  );
};

const unique = (names: readonly string[]): string[] => [...new Set(names)].filter((name) => name !== '').sort();

/** Secrets that the instances read, and no others. */
export function readableSecrets(cluster: Cluster, stores: readonly ObjectStore[] = []): string[] {
  const { spec } = cluster;
  const { serverCa: _, clientCa: __, ...names } = secretNames(cluster);
  return unique([
    ...Object.values(names),
    ...storeSecrets(spec.backup?.barmanObjectStore),
    ...stores.flatMap((store) => storeSecrets(store.spec.configuration)),
    cluster.metadata.annotations?.[annotation.backupEncryptionSecret] ?? '',
    ...keySelector(spec.bootstrap?.recovery?.backup?.endpointCA),
    ...(spec.externalClusters ?? []).flatMap((external) => [
      ...storeSecrets(external.barmanObjectStore),
      ...[external.sslCert, external.sslKey, external.sslRootCert, external.password].flatMap(keySelector),
    ]),
    ...sqlReferences(cluster).flatMap((references) => (references.secretRefs ?? []).map(({ name }) => name)),
    ...(spec.managed?.roles ?? []).flatMap(({ passwordSecret }) => keySelector(passwordSecret)),
    ...(spec.monitoring?.customQueriesSecret ?? []).map(({ name }) => name),
    ...keySelector(spec.postgresql?.ldap?.bindSearchAuth?.bindPassword),
  ]);
}

/** ConfigMaps that the instances read, and no others. */
export function readableConfigMaps(cluster: Cluster): string[] {
  return unique([
    ...sqlReferences(cluster).flatMap((references) => (references.configMapRefs ?? []).map(({ name }) => name)),
    ...(cluster.spec.monitoring?.customQueriesConfigMap ?? []).map(({ name }) => name),
  ]);
}
