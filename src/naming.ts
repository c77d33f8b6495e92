// Every object name and port, in one place (reference §2.0, §2.1, §2.21, §2.22).
import type { JobRole } from './labels.ts';

export const apiGroup = 'postgresql.cnpg.io';
export const apiVersion = `${apiGroup}/v1`;
/** The plugin that CloudNativePG moves object stores to, and the group of its kind; both are served here without a sidecar. */
export const barmanPlugin = 'barman-cloud.cloudnative-pg.io';
export const barmanPluginGroup = 'barmancloud.cnpg.io';

export const port = {
  postgres: 5432,
  /** Instance manager, HTTPS: probes, /pg/status. */
  status: 8000,
  /** Instance manager, plain HTTP for programs inside the pod only. */
  local: 8010,
  metrics: 9187,
  webhook: 9443,
  operatorMetrics: 8080,
} as const;

export const operatorNamespace = 'cnpg-system';
export const operatorDeployment = 'cnpg-controller-manager';
export const operatorServiceAccount = 'cnpg-manager';
/** ConfigMap and Secret with the operator's settings; also the name of its leader lease. */
export const operatorConfig = 'cnpg-controller-manager-config';
export const operatorLease = 'db9c8771.cnpg.io';
export const operatorCaSecret = 'cnpg-ca-secret';
export const webhookCertificateSecret = 'cnpg-webhook-cert';
/** The client certificate that the operator shows to instances. */
export const operatorClientSecret = 'howdah-operator-client';
export const mutatingWebhook = 'cnpg-mutating-webhook-configuration';
export const validatingWebhook = 'cnpg-validating-webhook-configuration';
export const webhookService = 'cnpg-webhook-service';
export const fieldManager = { operator: 'howdah-operator', instance: 'howdah-instance' } as const;

export const instanceName = (cluster: string, serial: number): string => `${cluster}-${serial}`;
export const jobName = (instance: string, role: JobRole): string => `${instance}-${role}`;
export const dataVolumeClaim = (instance: string): string => instance;
export const walVolumeClaim = (instance: string): string => `${instance}-wal`;
/** The part that a tablespace's name is in the names of its volume and its claims (reference §2.25). */
export const tablespaceNamePart = (name: string): string =>
  name.toLowerCase().replace(/^_/, '1').replaceAll(/[$_]/g, '-');
export const tablespaceClaim = (instance: string, tablespace: string): string =>
  `${instance}-tbs-${tablespaceNamePart(tablespace)}`;
export const tablespaceVolume = (tablespace: string): string => `tbs-${tablespaceNamePart(tablespace)}`;
export const readWriteService = (cluster: string): string => `${cluster}-rw`;
export const readOnlyService = (cluster: string): string => `${cluster}-ro`;
export const readService = (cluster: string): string => `${cluster}-r`;
export const caSecret = (cluster: string): string => `${cluster}-ca`;
export const serverSecret = (cluster: string): string => `${cluster}-server`;
export const replicationSecret = (cluster: string): string => `${cluster}-replication`;
export const appSecret = (cluster: string): string => `${cluster}-app`;
export const superuserSecret = (cluster: string): string => `${cluster}-superuser`;
export const primaryBudget = (cluster: string): string => `${cluster}-primary`;
export const replicaBudget = (cluster: string): string => cluster;
/** The Lease and the FailoverQuorum are named after the cluster, and so are its ServiceAccount, Role and RoleBinding. */
export const clusterScopedName = (cluster: string): string => cluster;

/** With which a Job's container ends when another try would end the same way. */
export const hopelessExitCode = 65;

export const container = { bootstrap: 'bootstrap-controller', postgres: 'postgres' } as const;
export const volume = {
  data: 'pgdata',
  wal: 'pg-wal',
  scratch: 'scratch-data',
  shm: 'shm',
  projected: 'projected',
  apiAccess: 'kube-api-access',
} as const;

/** Database roles that the product itself owns. */
export const role = {
  superuser: 'postgres',
  replication: 'streaming_replica',
  metrics: 'cnpg_metrics_exporter',
  pooler: 'cnpg_pooler_pgbouncer',
} as const;

/** Physical slot of an instance on its primary (reference §2.11). */
/** As which an instance streams until the lease lists it: no set of synchronous standbys names it so. */
export const joiningName = (instance: string): string => `${instance}-joining`;
export const slotName = (prefix: string, instance: string): string => `${prefix}${instance.replaceAll('-', '_')}`;
