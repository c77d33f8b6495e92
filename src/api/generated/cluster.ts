// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  V1EnvFromSource,
  V1EnvVar,
  V1EphemeralVolumeSource,
  V1LabelSelector,
  V1NodeAffinity,
  V1PersistentVolumeClaimSpec,
  V1PodAffinity,
  V1PodAntiAffinity,
  V1PodSecurityContext,
  V1ProjectedVolumeSource,
  V1ResourceRequirements,
  V1SeccompProfile,
  V1SecurityContext,
  V1Toleration,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import type {
  Wire,
} from '../../kube/objects.ts';
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  BarmanObjectStoreConfiguration,
  Condition,
  ExtensionConfiguration,
  LocalObjectReference,
  Metadata,
  MetricsTLS,
  OnlineConfiguration,
  RelabelConfig,
  SecretKeySelector,
  ServiceTemplateSpec,
} from './shared.ts';
export type {
  BarmanObjectStoreConfiguration,
  Condition,
  ExtensionConfiguration,
  LocalObjectReference,
  Metadata,
  MetricsTLS,
  OnlineConfiguration,
  RelabelConfig,
  SecretKeySelector,
  ServiceTemplateSpec,
} from './shared.ts';

/** A PostgreSQL cluster: one primary and its replicas. */
export interface Cluster extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: ClusterSpec;
  status?: ClusterStatus;
}

/** What the cluster is to be. */
export interface ClusterSpec {
  /** What the cluster is for; free text. */
  description?: string;
  /** Metadata that every object of the cluster gets. */
  inheritedMetadata?: EmbeddedObjectMetadata;
  /** The PostgreSQL image; its tag begins with the version. Default: the one that the operator is configured with. */
  imageName?: string;
  /** The image catalog that the PostgreSQL image is taken from. */
  imageCatalogRef?: ImageCatalogRef;
  /** When the image is pulled; default: as Kubernetes decides. */
  imagePullPolicy?: 'Always' | 'Never' | 'IfNotPresent';
  /** Secrets to pull the image with. */
  imagePullSecrets?: LocalObjectReference[];
  /** The scheduler of the pods; default: that of the Kubernetes cluster. */
  schedulerName?: string;
  /** User id that PostgreSQL runs under; it cannot change later. Default: 26. */
  postgresUID?: number;
  /** Group id that PostgreSQL runs under; it cannot change later. Default: 26. */
  postgresGID?: number;
  /** Number of instances: one primary, the others replicas. Default: 1. */
  instances: number;
  /** @deprecated Least number of synchronous replicas. Default: 0. */
  minSyncReplicas?: number;
  /** @deprecated Greatest number of synchronous replicas; less than instances. Default: 0. */
  maxSyncReplicas?: number;
  /** Environment variables of the instances; names that we set are refused. */
  env?: Wire<V1EnvVar>[];
  /** ConfigMaps and Secrets that environment variables are taken from. */
  envFrom?: Wire<V1EnvFromSource>[];
  /** A volume that is mounted at /projected. */
  projectedVolumeTemplate?: Wire<V1ProjectedVolumeSource>;
  /** Makes the volume for temporary data from a claim. */
  ephemeralVolumeSource?: Wire<V1EphemeralVolumeSource>;
  /** Size limits of the ephemeral volumes. */
  ephemeralVolumesSizeLimit?: EphemeralVolumesSizeLimit;
  /** Resources of the PostgreSQL container, and of the Jobs. */
  resources?: Wire<V1ResourceRequirements>;
  /** Priority class of the pods. */
  priorityClassName?: string;
  /** Template of the service account of the instances. */
  serviceAccountTemplate?: ServiceAccountTemplate;
  /** An existing service account for the instances, instead of a generated one. */
  serviceAccountName?: string;
  /** Seccomp profile of the pods; default: RuntimeDefault. */
  seccompProfile?: Wire<V1SeccompProfile>;
  /** Security context of the pods; what is unset we fill in. */
  podSecurityContext?: Wire<V1PodSecurityContext>;
  /** Security context of the containers; what is unset we fill in. */
  securityContext?: Wire<V1SecurityContext>;
  /** How the pods spread over the topology of the Kubernetes cluster. */
  topologySpreadConstraints?: Wire<V1TopologySpreadConstraint>[];
  /** On which nodes instances may run. */
  affinity?: AffinityConfiguration;
  /** Log level of the instance manager; pods made later have it. Default: "info". */
  logLevel?: 'error' | 'warning' | 'info' | 'debug' | 'trace';
  /** PostgreSQL's configuration. */
  postgresql?: PostgresConfiguration;
  /** Selectors of pods whose addresses pg_hba may refer to. */
  podSelectorRefs?: PodSelectorRef[];
  /** Replication slots. Default: {"highAvailability":{"enabled":true}}. */
  replicationSlots?: ReplicationSlotsConfiguration;
  /** Where the data comes from; at most one of these. Default: initdb. */
  bootstrap?: BootstrapConfiguration;
  /** This cluster follows another one. */
  replica?: ReplicaClusterConfiguration;
  /** Servers that this cluster is made from, follows or imports. */
  externalClusters?: ExternalCluster[];
  /** basic-auth Secret of the superuser; made when there is none. */
  superuserSecret?: LocalObjectReference;
  /** The superuser has a password and may log in over the network. Default: false. */
  enableSuperuserAccess?: boolean;
  /** Certificates of the cluster. */
  certificates?: CertificatesConfiguration;
  /** Storage of PGDATA. */
  storage?: StorageConfiguration;
  /** Storage of WAL, apart from PGDATA; it may be added later but not removed. */
  walStorage?: StorageConfiguration;
  /** Tablespaces; they may be added later but not removed. */
  tablespaces?: TablespaceConfiguration[];
  /** Seconds that an instance may take to start. Default: 3600. */
  startDelay?: number;
  /** Seconds that an instance may take to stop. Default: 1800. */
  stopDelay?: number;
  /** Seconds of stopDelay that a smart shutdown may take, before the fast one. Default: 180. */
  smartShutdownTimeout?: number;
  /** Seconds that the old primary may take to stop in a switchover. Default: 3600. */
  switchoverDelay?: number;
  /** Seconds between the failure of the primary and the failover. Default: 0. */
  failoverDelay?: number;
  /** Seconds after which an instance whose liveness probe fails is restarted; default: 30. */
  livenessProbeTimeout?: number;
  /** Whether the primary is updated last of all by itself, or when a person says so. Default: "unsupervised". */
  primaryUpdateStrategy?: 'unsupervised' | 'supervised';
  /** Whether an updated primary is restarted, or hands over first. Default: "restart". */
  primaryUpdateMethod?: 'switchover' | 'restart';
  /** The Lease that the primary holds. */
  primaryLease?: PrimaryLeaseConfiguration;
  /** Probes of the instances. */
  probes?: ProbesConfiguration;
  /** @deprecated Maintenance of nodes. */
  nodeMaintenanceWindow?: NodeMaintenanceWindow;
  /** PodDisruptionBudgets protect the primary and the replicas. Default: true. */
  enablePDB?: boolean;
  /** Backup of the cluster. */
  backup?: BackupConfiguration;
  /** Plugins of the cluster. */
  plugins?: PluginConfiguration[];
  /** Metrics of the cluster. */
  monitoring?: MonitoringConfiguration;
  /** What the operator manages for the applications. */
  managed?: ManagedConfiguration;
}

/** Metadata that every object of the cluster gets. */
export interface EmbeddedObjectMetadata {
  /** Labels. */
  labels?: Record<string, string>;
  /** Annotations. */
  annotations?: Record<string, string>;
}

/** The image catalog that the PostgreSQL image is taken from. */
export interface ImageCatalogRef {
  /** API group of the catalog: postgresql.cnpg.io. */
  apiGroup?: string;
  /** ImageCatalog or ClusterImageCatalog. */
  kind: string;
  /** Name of the catalog. */
  name: string;
  /** Major version of PostgreSQL to take from the catalog. */
  major: number;
}

/** Size limits of the ephemeral volumes. */
export interface EphemeralVolumesSizeLimit {
  /** Size limit of the shared memory volume at /dev/shm. */
  shm?: string | number;
  /** Size limit of the volume for temporary data. */
  temporaryData?: string | number;
}

/** Template of the service account of the instances. */
export interface ServiceAccountTemplate {
  /** Labels and annotations of the generated service account. */
  metadata: Metadata;
}

/** On which nodes instances may run. */
export interface AffinityConfiguration {
  /** Keeps the instances of a cluster apart; default: true. */
  enablePodAntiAffinity?: boolean;
  /** Node label whose values instances are kept apart by; default: kubernetes.io/hostname. */
  topologyKey?: string;
  /** Whether instances only prefer to be apart, or must be; default: preferred. */
  podAntiAffinityType?: 'preferred' | 'required';
  /** Labels that a node must have. */
  nodeSelector?: Record<string, string>;
  /** Rules about the nodes. */
  nodeAffinity?: Wire<V1NodeAffinity>;
  /** Taints of nodes that are tolerated. */
  tolerations?: Wire<V1Toleration>[];
  /** Rules that are added to the generated anti-affinity. */
  additionalPodAntiAffinity?: Wire<V1PodAntiAffinity>;
  /** Pods to run near to. */
  additionalPodAffinity?: Wire<V1PodAffinity>;
}

/** PostgreSQL's configuration. */
export interface PostgresConfiguration {
  /** Parameters of postgresql.conf; those that the operator owns are refused. */
  parameters?: Record<string, string>;
  /** Lines of pg_hba.conf, between our own and the last one; ${podselector:NAME} stands for pod addresses. */
  pg_hba?: string[];
  /** Lines of pg_ident.conf, after our own. */
  pg_ident?: string[];
  /** Libraries that are loaded at server start, beside those we need. */
  shared_preload_libraries?: string[];
  /** ALTER SYSTEM is allowed. Default: false. */
  enableAlterSystem?: boolean;
  /** Seconds that a promotion may take; default: 40000000. */
  promotionTimeout?: number;
  /** @deprecated Which instances may be synchronous replicas (with minSyncReplicas and maxSyncReplicas). */
  syncReplicaElectionConstraint?: SyncReplicaElectionConstraints;
  /** Synchronous replication. */
  synchronous?: SynchronousReplicaConfiguration;
  /** Authentication against LDAP. */
  ldap?: LDAPConfig;
  /** Extensions that are image volumes. */
  extensions?: ExtensionConfiguration[];
}

/** Which instances may be synchronous replicas (with minSyncReplicas and maxSyncReplicas). */
export interface SyncReplicaElectionConstraints {
  /** The constraint is in force. */
  enabled: boolean;
  /** Node labels in which a synchronous replica must differ from the primary. */
  nodeLabelsAntiAffinity?: string[];
}

/** Synchronous replication. */
export interface SynchronousReplicaConfiguration {
  /** Quorum (any) or priority (first). */
  method: 'any' | 'first';
  /** Number of standbys that a commit waits for. */
  number: number;
  /** Whether commits wait when too few standbys are there (required, the default), or not (preferred). */
  dataDurability?: 'required' | 'preferred';
  /** A failover needs proof that the new primary has every committed transaction. */
  failoverQuorum?: boolean;
  /** Most instances of this cluster that are listed as synchronous. */
  maxStandbyNamesFromCluster?: number;
  /** Application names that are listed before the instances. */
  standbyNamesPre?: string[];
  /** Application names that are listed after the instances. */
  standbyNamesPost?: string[];
  /** Pod labels in which a synchronous standby must differ from the primary. */
  podFailureDomainKeys?: string[];
  /** Node labels in which a synchronous standby must differ from the primary. */
  nodeFailureDomainKeys?: string[];
}

/** Authentication against LDAP. */
export interface LDAPConfig {
  /** Host name of the LDAP server. */
  server?: string;
  /** Port of the LDAP server. */
  port?: number;
  /** How the server is spoken to. */
  scheme?: 'ldap' | 'ldaps';
  /** Uses StartTLS. */
  tls?: boolean;
  /** Simple bind: the name of the user, with prefix and suffix. */
  bindAsAuth?: LDAPBindAsAuth;
  /** Search and bind. */
  bindSearchAuth?: LDAPBindSearchAuth;
}

/** Simple bind: the name of the user, with prefix and suffix. */
export interface LDAPBindAsAuth {
  /** What is put before the name. */
  prefix?: string;
  /** What is put after the name. */
  suffix?: string;
}

/** Search and bind. */
export interface LDAPBindSearchAuth {
  /** Root of the search. */
  baseDN?: string;
  /** Who searches. */
  bindDN?: string;
  /** Password of who searches. */
  bindPassword?: SecretKeySelector;
  /** Attribute that is matched against the name of the user. */
  searchAttribute?: string;
  /** Filter of the search. */
  searchFilter?: string;
}

/** A named selector of pods. */
export interface PodSelectorRef {
  /** Name, for ${podselector:NAME} in pg_hba. */
  name: string;
  /** Labels of the pods. */
  selector: Wire<V1LabelSelector>;
}

/** Replication slots. */
export interface ReplicationSlotsConfiguration {
  /** Physical replication slots of the instances. Default: {"enabled":true}. */
  highAvailability?: ReplicationSlotsHAConfiguration;
  /** Copies of user-made physical slots on the standbys. */
  synchronizeReplicas?: SynchronizeReplicasConfiguration;
  /** Seconds between two updates of the slots on a standby. Default: 30. */
  updateInterval?: number;
}

/** Physical replication slots of the instances. */
export interface ReplicationSlotsHAConfiguration {
  /** The primary keeps a slot for every other instance. Default: true. */
  enabled?: boolean;
  /** Prefix of the names of the slots. Default: "_cnpg_". */
  slotPrefix?: string;
  /** Logical slots are kept in step on the standbys. */
  synchronizeLogicalDecoding?: boolean;
}

/** Copies of user-made physical slots on the standbys. */
export interface SynchronizeReplicasConfiguration {
  /** The slots of the primary are copied. Default: true. */
  enabled: boolean;
  /** Regular expressions of the names of slots that are not copied. */
  excludePatterns?: string[];
}

/** Where the data comes from; at most one of these. Default: initdb. */
export interface BootstrapConfiguration {
  /** A new, empty database cluster. */
  initdb?: BootstrapInitDB;
  /** The data of a backup. */
  recovery?: BootstrapRecovery;
  /** A copy of a running server. */
  pg_basebackup?: BootstrapPgBaseBackup;
}

/** A new, empty database cluster. */
export interface BootstrapInitDB {
  /** Name of the application database; default: app. */
  database?: string;
  /** Role that owns the application database; default: the name of the database. */
  owner?: string;
  /** basic-auth Secret of the owner; made when there is none. */
  secret?: LocalObjectReference;
  /** @deprecated Options of initdb; when given, the ones below are not used. */
  options?: string[];
  /** Data pages have checksums. */
  dataChecksums?: boolean;
  /** Encoding of the databases; default: UTF8. */
  encoding?: string;
  /** LC_COLLATE; default: C. */
  localeCollate?: string;
  /** LC_CTYPE; default: C. */
  localeCType?: string;
  /** Locale of the databases. */
  locale?: string;
  /** Locale provider: libc, icu or builtin. */
  localeProvider?: string;
  /** ICU locale, with the provider icu. */
  icuLocale?: string;
  /** ICU collation rules, with the provider icu. */
  icuRules?: string;
  /** Locale of the provider builtin. */
  builtinLocale?: string;
  /** Size of a WAL segment in MB, a power of 2; default: 16. */
  walSegmentSize?: number;
  /** SQL that the superuser runs in the database postgres after initdb. */
  postInitSQL?: string[];
  /** SQL that the superuser runs in the application database after initdb. */
  postInitApplicationSQL?: string[];
  /** SQL that the superuser runs in template1 after initdb. */
  postInitTemplateSQL?: string[];
  /** SQL for the database postgres, from Secrets and ConfigMaps. */
  postInitSQLRefs?: SQLRefs;
  /** SQL for the application database, from Secrets and ConfigMaps. */
  postInitApplicationSQLRefs?: SQLRefs;
  /** SQL for template1, from Secrets and ConfigMaps. */
  postInitTemplateSQLRefs?: SQLRefs;
  /** Databases that are imported from another server by dump and restore. */
  import?: Import;
}

/** SQL for template1, from Secrets and ConfigMaps. */
export interface SQLRefs {
  /** Keys of Secrets, in this order. */
  secretRefs?: SecretKeySelector[];
  /** Keys of ConfigMaps, in this order, after the Secrets. */
  configMapRefs?: ConfigMapKeySelector[];
}

/** A key of a ConfigMap of the same namespace. */
export interface ConfigMapKeySelector {
  /** Name of the ConfigMap. */
  name: string;
  /** Key within the ConfigMap. */
  key: string;
}

/** Databases that are imported from another server by dump and restore. */
export interface Import {
  /** The server to import from. */
  source: ImportSource;
  /** One database into the application database, or several as they are. */
  type: 'microservice' | 'monolith';
  /** Databases to import; * means all (monolith). */
  databases: string[];
  /** Roles to import; * means all (monolith). */
  roles?: string[];
  /** SQL that the superuser runs in the application database afterwards (microservice). */
  postImportApplicationSQL?: string[];
  /** Imports definitions without rows. */
  schemaOnly?: boolean;
  /** Further options of pg_dump. */
  pgDumpExtraOptions?: string[];
  /** Further options of pg_restore, for every section. */
  pgRestoreExtraOptions?: string[];
  /** Options of pg_restore for the section pre-data, instead of the general ones. */
  pgRestorePredataOptions?: string[];
  /** Options of pg_restore for the section data, instead of the general ones. */
  pgRestoreDataOptions?: string[];
  /** Options of pg_restore for the section post-data, instead of the general ones. */
  pgRestorePostdataOptions?: string[];
}

/** The server to import from. */
export interface ImportSource {
  /** Name of an entry of externalClusters. */
  externalCluster: string;
}

/** The data of a backup. */
export interface BootstrapRecovery {
  /** A Backup of the same namespace. */
  backup?: BackupSource;
  /** Name of an entry of externalClusters, whose store holds the backup. */
  source?: string;
  /** Volumes that the data is taken from. */
  volumeSnapshots?: DataSource;
  /** Where recovery ends; default: at the end of the archive. */
  recoveryTarget?: RecoveryTarget;
  /** Name of the application database; default: app. */
  database?: string;
  /** Role that owns the application database; default: the name of the database. */
  owner?: string;
  /** basic-auth Secret of the owner; made when there is none. */
  secret?: LocalObjectReference;
}

/** A Backup of the same namespace. */
export interface BackupSource {
  /** Name of the Backup. */
  name: string;
  /** The CA certificate that the store is verified with. */
  endpointCA?: SecretKeySelector;
}

/** Volumes that the data is taken from. */
export interface DataSource {
  /** The volume of PGDATA. */
  storage: TypedLocalObjectReference;
  /** The volume of WAL. */
  walStorage?: TypedLocalObjectReference;
  /** The volumes of tablespaces, by name. */
  tablespaceStorage?: Record<string, TypedLocalObjectReference>;
}

/** A VolumeSnapshot or a PersistentVolumeClaim. */
export interface TypedLocalObjectReference {
  /** API group of the object; empty for the core group. */
  apiGroup?: string;
  /** VolumeSnapshot or PersistentVolumeClaim. */
  kind: string;
  /** Name of the object. */
  name: string;
}

/** Where recovery ends; default: at the end of the archive. */
export interface RecoveryTarget {
  /** The base backup to start from; default: the last one before the target. */
  backupID?: string;
  /** The timeline: a number, or latest (the default). */
  targetTLI?: string;
  /** Ends at this transaction. */
  targetXID?: string;
  /** Ends at this restore point of pg_create_restore_point(). */
  targetName?: string;
  /** Ends at this position in WAL. */
  targetLSN?: string;
  /** Ends at this time, RFC 3339 or as PostgreSQL writes it; without a zone it is UTC. */
  targetTime?: string;
  /** Ends as soon as the base backup is consistent. */
  targetImmediate?: boolean;
  /** Ends just before the target rather than just after. */
  exclusive?: boolean;
}

/** A copy of a running server. */
export interface BootstrapPgBaseBackup {
  /** Name of an entry of externalClusters. */
  source: string;
  /** Name of the application database; default: app. */
  database?: string;
  /** Role that owns the application database; default: the name of the database. */
  owner?: string;
  /** basic-auth Secret of the owner; made when there is none. */
  secret?: LocalObjectReference;
}

/** This cluster follows another one. */
export interface ReplicaClusterConfiguration {
  /** Name of the entry of externalClusters that is followed. */
  source: string;
  /** Name of this cluster in the topology; default: its own name. */
  self?: string;
  /** Name of the cluster that is the primary in the topology. */
  primary?: string;
  /** This is a replica cluster outside of any topology; not together with primary. */
  enabled?: boolean;
  /** Token of the former primary cluster, which a promotion waits for. */
  promotionToken?: string;
  /** How much later than on the source changes are applied, such as 4h. */
  minApplyDelay?: string;
}

/** A server that is not part of this cluster. */
export interface ExternalCluster {
  /** Name of the server. */
  name: string;
  /** Connection parameters, by the keywords of libpq. */
  connectionParameters?: Record<string, string>;
  /** The client certificate. */
  sslCert?: SecretKeySelector;
  /** The key of the client certificate. */
  sslKey?: SecretKeySelector;
  /** The CA certificate that the server is verified with. */
  sslRootCert?: SecretKeySelector;
  /** The password. */
  password?: SecretKeySelector;
  /** @deprecated The object store that holds its backups. */
  barmanObjectStore?: BarmanObjectStoreConfiguration;
  /** The plugin that gives access to its backups. */
  plugin?: PluginConfiguration;
}

/** A plugin and its parameters. */
export interface PluginConfiguration {
  /** Name of the plugin. */
  name: string;
  /** The plugin is used. Default: true. */
  enabled?: boolean;
  /** This plugin archives WAL; at most one may. Default: false. */
  isWALArchiver?: boolean;
  /** Parameters that are passed to the plugin. */
  parameters?: Record<string, string>;
}

/** Certificates of the cluster. */
export interface CertificatesConfiguration {
  /** Secret with the CA certificate (ca.crt) of the servers; with ca.key we issue the certificates. */
  serverCASecret?: string;
  /** TLS Secret of the servers, issued by somebody else. */
  serverTLSSecret?: string;
  /** TLS Secret of the replication user, issued by somebody else. */
  replicationTLSSecret?: string;
  /** Secret with the CA certificate (ca.crt) of the clients; with ca.key we issue the certificates. */
  clientCASecret?: string;
  /** Further DNS names of the server certificates that we issue. */
  serverAltDNSNames?: string[];
}

/** Storage of the tablespace. */
export interface StorageConfiguration {
  /** Storage class of the claim; default: that of the Kubernetes cluster. */
  storageClass?: string;
  /** Size of the volume, a quantity; it may grow but not shrink. */
  size?: string;
  /** Volumes grow in place when size does. Default: true. */
  resizeInUseVolumes?: boolean;
  /** Template of the claim. */
  pvcTemplate?: Wire<V1PersistentVolumeClaimSpec>;
}

/** A tablespace on a volume of its own. */
export interface TablespaceConfiguration {
  /** Name of the tablespace. */
  name: string;
  /** Storage of the tablespace. */
  storage: StorageConfiguration;
  /** The role that owns the tablespace; default: the owner of the application database. */
  owner?: DatabaseRoleRef;
  /** The tablespace is for temporary objects. Default: false. */
  temporary?: boolean;
}

/** The role that owns the tablespace; default: the owner of the application database. */
export interface DatabaseRoleRef {
  /** Name of the role. */
  name?: string;
}

/** The Lease that the primary holds. */
export interface PrimaryLeaseConfiguration {
  /** Seconds after which a lease that is not renewed may be taken. Default: 15. */
  leaseDurationSeconds?: number;
  /** Seconds in which the primary must have renewed its lease, or it stops. Default: 10. */
  renewDeadlineSeconds?: number;
  /** Seconds between two attempts. Default: 2. */
  retryPeriodSeconds?: number;
  /** Duration, in seconds, of a lease that was given up. Default: 1. */
  releasedLeaseDurationSeconds?: number;
}

/** Probes of the instances. */
export interface ProbesConfiguration {
  /** Startup probe; default type: pg_isready, on a replica streaming. */
  startup?: ProbeWithStrategy;
  /** Readiness probe; default type: pg_isready. */
  readiness?: ProbeWithStrategy;
  /** Liveness probe of the instances. */
  liveness?: LivenessProbe;
}

/** Readiness probe; default type: pg_isready. */
export interface ProbeWithStrategy {
  /** Seconds after the start of the container before the first probe. */
  initialDelaySeconds?: number;
  /** Seconds after which a probe fails. */
  timeoutSeconds?: number;
  /** Seconds between probes. */
  periodSeconds?: number;
  /** Successes in a row after which a failed probe counts as passed. */
  successThreshold?: number;
  /** Failures in a row after which the probe counts as failed. */
  failureThreshold?: number;
  /** Grace period of a pod whose probe failed. */
  terminationGracePeriodSeconds?: number;
  /** What the probe checks. */
  type?: 'pg_isready' | 'streaming' | 'query';
  /** Lag, in bytes of WAL, up to which a replica counts as streaming. */
  maximumLag?: string | number;
}

/** Liveness probe of the instances. */
export interface LivenessProbe {
  /** Seconds after the start of the container before the first probe. */
  initialDelaySeconds?: number;
  /** Seconds after which a probe fails. */
  timeoutSeconds?: number;
  /** Seconds between probes. */
  periodSeconds?: number;
  /** Successes in a row after which a failed probe counts as passed. */
  successThreshold?: number;
  /** Failures in a row after which the probe counts as failed. */
  failureThreshold?: number;
  /** Grace period of a pod whose probe failed. */
  terminationGracePeriodSeconds?: number;
  /** Whether an isolated primary stops itself. */
  isolationCheck?: IsolationCheckConfiguration;
}

/** Whether an isolated primary stops itself. */
export interface IsolationCheckConfiguration {
  /** A primary that reaches neither the API server nor another instance fails its liveness probe. Default: true. */
  enabled?: boolean;
  /** Milliseconds that a request to another instance may take. Default: 1000. */
  requestTimeout?: number;
  /** Milliseconds that a connection to another instance may take. Default: 1000. */
  connectionTimeout?: number;
}

/** Maintenance of nodes. */
export interface NodeMaintenanceWindow {
  /** Maintenance is going on. Default: false. */
  inProgress?: boolean;
  /** Instances wait for their volume rather than begin anew on another node. Default: true. */
  reusePVC?: boolean;
}

/** Backup of the cluster. */
export interface BackupConfiguration {
  /** The instance that the backup is taken from: the primary, or the most advanced standby when there is one. Default: "prefer-standby". */
  target?: 'primary' | 'prefer-standby';
  /** How long backups are kept: a number of days, weeks or months, such as 30d. */
  retentionPolicy?: string;
  /** Backup by volume snapshots. */
  volumeSnapshot?: VolumeSnapshotConfiguration;
  /** @deprecated Where and how base backups and WAL are kept in an object store. */
  barmanObjectStore?: BarmanObjectStoreConfiguration;
}

/** Backup by volume snapshots. */
export interface VolumeSnapshotConfiguration {
  /** Snapshot class of PGDATA. */
  className?: string;
  /** Snapshot class of the WAL volume; default: that of PGDATA. */
  walClassName?: string;
  /** Snapshot classes of tablespaces, by name; default: that of PGDATA. */
  tablespaceClassName?: Record<string, string>;
  /** Labels of the snapshots. */
  labels?: Record<string, string>;
  /** Annotations of the snapshots. */
  annotations?: Record<string, string>;
  /** Which object owns the snapshots. Default: "none". */
  snapshotOwnerReference?: 'none' | 'cluster' | 'backup';
  /** Snapshots are taken of a running instance. Default: true. */
  online?: boolean;
  /** How a snapshot of a running instance is begun and ended. Default: {"waitForArchive":true,"immediateCheckpoint":false}. */
  onlineConfiguration?: OnlineConfiguration;
}

/** Metrics of the cluster. */
export interface MonitoringConfiguration {
  /** The default queries are left out. Default: false. */
  disableDefaultQueries?: boolean;
  /** ConfigMaps with further queries. */
  customQueriesConfigMap?: ConfigMapKeySelector[];
  /** Secrets with further queries. */
  customQueriesSecret?: SecretKeySelector[];
  /** How long results of the queries are kept, such as 30s; 0 means not at all. */
  metricsQueriesTTL?: string;
  /** TLS of the metrics endpoint. */
  tls?: MetricsTLS;
  /** @deprecated A PodMonitor is made for the cluster. Default: false. */
  enablePodMonitor?: boolean;
  /** @deprecated Relabelling of the metrics of the PodMonitor. */
  podMonitorMetricRelabelings?: RelabelConfig[];
  /** @deprecated Relabelling of the targets of the PodMonitor. */
  podMonitorRelabelings?: RelabelConfig[];
}

/** What the operator manages for the applications. */
export interface ManagedConfiguration {
  /** Roles of the database. */
  roles?: RoleConfiguration[];
  /** Services of the cluster. */
  services?: ManagedServices;
}

/** A role. */
export interface RoleConfiguration {
  /** Name of the role. */
  name: string;
  /** Comment on the role. */
  comment?: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
  /** basic-auth Secret with the password. */
  passwordSecret?: LocalObjectReference;
  /** The role has no password. */
  disablePassword?: boolean;
  /** Most connections of the role at once; -1: no limit. Default: -1. */
  connectionLimit?: number;
  /** When the password expires. */
  validUntil?: string;
  /** Roles that this role is a member of. */
  inRoles?: string[];
  /** The role has the privileges of the roles that it is a member of. Default: true. */
  inherit?: boolean;
  /** The role may log in. */
  login?: boolean;
  /** The role is a superuser. */
  superuser?: boolean;
  /** The role may create databases. */
  createdb?: boolean;
  /** The role may create roles. */
  createrole?: boolean;
  /** The role may replicate. */
  replication?: boolean;
  /** Row-level security does not apply to the role. */
  bypassrls?: boolean;
}

/** Services of the cluster. */
export interface ManagedServices {
  /** Default services that are left out; rw cannot be. */
  disabledDefaultServices?: ('rw' | 'r' | 'ro')[];
  /** Further services. */
  additional?: ManagedService[];
}

/** A further service. */
export interface ManagedService {
  /** Which instances: the primary (rw), any (r) or replicas (ro). */
  selectorType: 'rw' | 'r' | 'ro';
  /** Whether a changed service is patched or made anew. Default: "patch". */
  updateStrategy?: 'patch' | 'replace';
  /** Template of the service. */
  serviceTemplate: ServiceTemplateSpec;
}

/** What was observed of the cluster; only the operator writes it. */
export interface ClusterStatus {
  /** Number of pods. */
  instances?: number;
  /** Number of ready pods. */
  readyInstances?: number;
  /** Label selector of the pods, for the scale sub-resource. */
  selector?: string;
  /** Names of the instances. */
  instanceNames?: string[];
  /** Pods by state: healthy, replicating, failed. */
  instancesStatus?: Record<string, string[]>;
  /** What each instance says of itself. */
  instancesReportedState?: Record<string, InstanceReportedState>;
  /** Timeline of the primary. */
  timelineID?: number;
  /** System identifier of the database cluster. */
  systemID?: string;
  /** What is going on. */
  phase?: string;
  /** Why. */
  phaseReason?: string;
  /** The primary. */
  currentPrimary?: string;
  /** The instance that is to be the primary; pending while a failover waits for its candidates. */
  targetPrimary?: string;
  /** When currentPrimary last changed. */
  currentPrimaryTimestamp?: string;
  /** When targetPrimary last changed. */
  targetPrimaryTimestamp?: string;
  /** When the primary was first found unhealthy. */
  currentPrimaryFailingSinceTimestamp?: string;
  /** Highest epoch that any instance has stood for: it is written here before, and nobody stands for it again. An extension of Howdah. */
  epoch?: number;
  /** The last ten changes of the primary, the newest last. An extension of Howdah. */
  roleChanges?: RoleChange[];
  /** The last promotion token that was used. */
  lastPromotionToken?: string;
  /** Token by which another cluster is promoted. */
  demotionToken?: string;
  /** A change of the replica cluster that is going on. */
  switchReplicaClusterStatus?: SwitchReplicaClusterStatus;
  /** Number of claims. */
  pvcCount?: number;
  /** Number of Jobs that are not done. */
  jobCount?: number;
  /** Claims that no pod uses. */
  danglingPVC?: string[];
  /** Claims that are growing. */
  resizingPVC?: string[];
  /** Claims that are being filled. */
  initializingPVC?: string[];
  /** Claims in use. */
  healthyPVC?: string[];
  /** Claims that lack their companions. */
  unusablePVC?: string[];
  /** @deprecated Serial of the latest instance. */
  latestGeneratedNode?: number;
  /** Service of the primary. */
  writeService?: string;
  /** Service of every instance. */
  readService?: string;
  /** Where the instances are. */
  topology?: Topology;
  /** Certificates in use. */
  certificates?: CertificatesStatus;
  /** Resource versions of the Secrets in use. */
  secretsResourceVersion?: SecretsResourceVersion;
  /** Resource versions of the ConfigMaps in use. */
  configMapResourceVersion?: ConfigMapResourceVersion;
  /** State of the managed roles. */
  managedRolesStatus?: ManagedRoles;
  /** State of the tablespaces. */
  tablespacesStatus?: TablespaceState[];
  /** Addresses of the pods of each podSelectorRef. */
  podSelectorRefs?: PodSelectorRefStatus[];
  /** What the poolers need of the cluster. */
  poolerIntegrations?: PoolerIntegrations;
  /** Loaded plugins. */
  pluginStatus?: PluginStatus[];
  /** The image in use. */
  image?: string;
  /** An image and what it holds. */
  pgDataImageInfo?: ImageInfo;
  /** An image and what it holds. */
  targetPgDataImageInfo?: ImageInfo;
  /** Architectures that the operator has a manager for. */
  availableArchitectures?: AvailableArchitecture[];
  /** Managers are updated in place. */
  onlineUpdateEnabled?: boolean;
  /** Commit that the operator was built from. */
  cloudNativePGCommitHash?: string;
  /** Hash of the operator. */
  cloudNativePGOperatorHash?: string;
  /** SHA-256 of the client certificate that the operator shows to the instances. */
  operatorCertificateFingerprint?: string;
  /** @deprecated The earliest time that a restore can reach. */
  firstRecoverabilityPoint?: string;
  /** @deprecated The same, by backup method. */
  firstRecoverabilityPointByMethod?: Record<string, string>;
  /** @deprecated When the last good backup ended. */
  lastSuccessfulBackup?: string;
  /** @deprecated The same, by backup method. */
  lastSuccessfulBackupByMethod?: Record<string, string>;
  /** @deprecated When the last backup failed. */
  lastFailedBackup?: string;
  /** What goes beyond the API of CloudNativePG. */
  howdah?: HowdahStatus;
  /** Observations of the state of the object. */
  conditions?: Condition[];
}

/** What an instance says of itself. */
export interface InstanceReportedState {
  /** It is the primary. */
  isPrimary: boolean;
  /** Its timeline. */
  timeLineID?: number;
  /** Address of its pod. */
  ip?: string;
}

/** One change of the primary. An extension of Howdah. */
export interface RoleChange {
  /** Epoch of the lease that began with it; also its timeline, unless nobody was promoted. */
  epoch: number;
  /** The primary before. */
  from?: string;
  /** The primary since. */
  to: string;
  /** Bootstrap, Switchover, PodTermination, Restart or Failover. */
  cause: string;
  /** Where the log of the primary before ended, if it was shut down cleanly. */
  shutdownLSN?: string;
  /** Where the new timeline begins. */
  promoteLSN?: string;
  /** Its steps in their order. */
  steps?: RoleChangeStep[];
}

/** One step of it. */
export interface RoleChangeStep {
  /** last-renewal or requested and stopped (by the old primary), claimed, promoting, promoted, routed (by the new one). */
  name: string;
  /** When, by the clock of the instance that made it. */
  time: string;
}

/** A change of the replica cluster that is going on. */
export interface SwitchReplicaClusterStatus {
  /** It is going on. */
  inProgress?: boolean;
}

/** Where the instances are. */
export interface Topology {
  /** Chosen node labels by pod. */
  instances?: Record<string, Record<string, string>>;
  /** Number of nodes in use. */
  nodesUsed?: number;
  /** The topology could be found out. */
  successfullyExtracted?: boolean;
}

/** Certificates in use. */
export interface CertificatesStatus {
  /** Secret with the CA certificate (ca.crt) of the servers; with ca.key we issue the certificates. */
  serverCASecret?: string;
  /** TLS Secret of the servers, issued by somebody else. */
  serverTLSSecret?: string;
  /** TLS Secret of the replication user, issued by somebody else. */
  replicationTLSSecret?: string;
  /** Secret with the CA certificate (ca.crt) of the clients; with ca.key we issue the certificates. */
  clientCASecret?: string;
  /** Further DNS names of the server certificates that we issue. */
  serverAltDNSNames?: string[];
  /** When they expire, by Secret. */
  expirations?: Record<string, string>;
}

/** Resource versions of the Secrets in use. */
export interface SecretsResourceVersion {
  /** Of the Secret of the superuser. */
  superuserSecretVersion?: string;
  /** Of the Secret of the replication user. */
  replicationSecretVersion?: string;
  /** Of the Secret of the application. */
  applicationSecretVersion?: string;
  /** Of the Secrets of managed roles. */
  managedRoleSecretVersion?: Record<string, string>;
  /** @deprecated Of the CA. */
  caSecretVersion?: string;
  /** Of the CA of the clients. */
  clientCaSecretVersion?: string;
  /** Of the CA of the servers. */
  serverCaSecretVersion?: string;
  /** Of the certificate of the servers. */
  serverSecretVersion?: string;
  /** Of the CA of the object store. */
  barmanEndpointCA?: string;
  /** Of the Secrets of external clusters. */
  externalClusterSecretVersion?: Record<string, string>;
  /** Of the Secrets with queries. */
  metrics?: Record<string, string>;
}

/** Resource versions of the ConfigMaps in use. */
export interface ConfigMapResourceVersion {
  /** Of the ConfigMaps with queries. */
  metrics?: Record<string, string>;
}

/** State of the managed roles. */
export interface ManagedRoles {
  /** Roles by status: reconciled, not-managed, pending-reconciliation, reserved. */
  byStatus?: Record<string, string[]>;
  /** Errors by role. */
  cannotReconcile?: Record<string, string[]>;
  /** State of the passwords, by role. */
  passwordStatus?: Record<string, PasswordState>;
}

/** State of a password. */
export interface PasswordState {
  /** The last transaction that changed the role. */
  transactionID?: number;
  /** Resource version of the Secret. */
  resourceVersion?: string;
}

/** State of a tablespace. */
export interface TablespaceState {
  /** Name. */
  name: string;
  /** Owner. */
  owner?: string;
  /** reconciled or pending. */
  state: string;
  /** What went wrong. */
  error?: string;
}

/** Addresses of selected pods. */
export interface PodSelectorRefStatus {
  /** Name of the selector. */
  name: string;
  /** Addresses. */
  ips?: string[];
}

/** What the poolers need of the cluster. */
export interface PoolerIntegrations {
  /** What PgBouncer needs. */
  pgBouncerIntegration?: PgBouncerIntegrationStatus;
}

/** What PgBouncer needs. */
export interface PgBouncerIntegrationStatus {
  /** Secrets. */
  secrets?: string[];
}

/** A loaded plugin. */
export interface PluginStatus {
  /** Name. */
  name: string;
  /** Version. */
  version: string;
  /** What it can do. */
  capabilities?: string[];
  /** What it can do for the operator. */
  operatorCapabilities?: string[];
  /** What it can do for WAL. */
  walCapabilities?: string[];
  /** What it can do for backups. */
  backupCapabilities?: string[];
  /** What it can do for restores. */
  restoreJobHookCapabilities?: string[];
  /** Status that it reports. */
  status?: string;
}

/** An image and what it holds. */
export interface ImageInfo {
  /** Name of the image. */
  image: string;
  /** Major version of PostgreSQL. */
  majorVersion: number;
  /** Extensions that are image volumes. */
  extensions?: ExtensionConfiguration[];
}

/** An architecture that the operator has a manager for. */
export interface AvailableArchitecture {
  /** Architecture, as Go names it. */
  goArch: string;
  /** SHA-256 of the manager. */
  hash: string;
}

/** What goes beyond the API of CloudNativePG. */
export interface HowdahStatus {
  /** The newest run of retention; the primary writes it. */
  retention?: RetentionStatus;
  /** The newest restore drill; the operator writes it. */
  restoreDrill?: RestoreDrillStatus;
  /** What was found in a restored database; its instance writes it. */
  verification?: RestoreVerification;
}

/** The newest run of retention; the primary writes it. */
export interface RetentionStatus {
  /** When it ran. */
  lastRunTime?: string;
  /** What is kept. */
  policy?: string;
  /** Nothing was removed. */
  dryRun?: boolean;
  /** Backups that are kept, and why: window, anchor, count, newest, restore or chain. */
  kept?: string[];
  /** Backups that were removed, or with dryRun would have been. */
  removed?: string[];
  /** Number of WAL files that were removed. */
  walRemoved?: number;
  /** Position in WAL before which no backup needs any; what lies before it goes at the next run. */
  walBefore?: string;
  /** Why no WAL can go. */
  walKept?: string;
  /** Why the policy was not applied. */
  error?: string;
}

/** The newest restore drill; the operator writes it. */
export interface RestoreDrillStatus {
  /** running, succeeded or failed. */
  phase?: string;
  /** When the next one begins. */
  nextTime?: string;
  /** When it began. */
  startedAt?: string;
  /** When it ended. */
  endedAt?: string;
  /** Seconds until the restored database was up: the recovery time that can be reached. */
  recoverySeconds?: number;
  /** Seconds between the last restored transaction and the beginning: the most that would have been lost. */
  recoveryPointSeconds?: number;
  /** What went wrong. */
  message?: string;
  /** What was found in a restored database; its instance writes it. */
  verification?: RestoreVerification;
  /** The newest drill that came to its end; it stays while the next one runs. */
  last?: RestoreDrillResult;
}

/** What was found in a restored database; its instance writes it. */
export interface RestoreVerification {
  /** When the checks began: the database was up. */
  startedAt?: string;
  /** When they ended. */
  endedAt?: string;
  /** The backup that was restored. */
  backupId?: string;
  /** When the last transaction that was restored was committed. */
  recoveredTo?: string;
  /** Databases that were checked. */
  databases?: number;
  /** Tables that were checked, those of the catalogs included. */
  tables?: number;
  /** B-tree indexes that were checked against their tables. */
  indexes?: number;
  /** amcheck, or read where the extension is not there. */
  method?: string;
  /** Pages have checksums, so each page that was read was verified. */
  dataChecksums?: boolean;
  /** What is damaged. */
  problems?: string[];
}

/** The newest drill that came to its end; it stays while the next one runs. */
export interface RestoreDrillResult {
  /** succeeded or failed. */
  phase?: string;
  /** When it began. */
  startedAt?: string;
  /** When it ended. */
  endedAt?: string;
  /** Seconds until the restored database was up: the recovery time that can be reached. */
  recoverySeconds?: number;
  /** Seconds between the last restored transaction and the beginning: the most that would have been lost. */
  recoveryPointSeconds?: number;
  /** What went wrong. */
  message?: string;
  /** What was found in a restored database; its instance writes it. */
  verification?: RestoreVerification;
}
