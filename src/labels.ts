// Every label and annotation key, and the values that tools match on (reference §2.33).

export const label = {
  cluster: 'cnpg.io/cluster',
  jobRole: 'cnpg.io/jobRole',
  pvcRole: 'cnpg.io/pvcRole',
  tablespaceName: 'cnpg.io/tablespaceName',
  podRole: 'cnpg.io/podRole',
  instanceName: 'cnpg.io/instanceName',
  instanceRole: 'cnpg.io/instanceRole',
  legacyRole: 'role',
  immediateBackup: 'cnpg.io/immediateBackup',
  scheduledBackup: 'cnpg.io/scheduled-backup',
  reload: 'cnpg.io/reload',
  userType: 'cnpg.io/userType',
  isManaged: 'cnpg.io/isManaged',
  appManagedBy: 'app.kubernetes.io/managed-by',
  appName: 'app.kubernetes.io/name',
  appComponent: 'app.kubernetes.io/component',
  appInstance: 'app.kubernetes.io/instance',
  appVersion: 'app.kubernetes.io/version',
} as const;

export const annotation = {
  operatorVersion: 'cnpg.io/operatorVersion',
  reconciliationLoop: 'cnpg.io/reconciliationLoop',
  reconcilePodSpec: 'cnpg.io/reconcilePodSpec',
  podSpec: 'cnpg.io/podSpec',
  nodeSerial: 'cnpg.io/nodeSerial',
  pvcStatus: 'cnpg.io/pvcStatus',
  skipWalArchiving: 'cnpg.io/skipWalArchiving',
  skipEmptyWalArchiveCheck: 'cnpg.io/skipEmptyWalArchiveCheck',
  reloadedAt: 'cnpg.io/reloadedAt',
  restartedAt: 'kubectl.kubernetes.io/restartedAt',
  fencedInstances: 'cnpg.io/fencedInstances',
  hibernation: 'cnpg.io/hibernation',
  validation: 'cnpg.io/validation',
  passwordPassthrough: 'cnpg.io/passwordPassthrough',
  podPatch: 'cnpg.io/podPatch',
  updateStrategy: 'cnpg.io/updateStrategy',
  coredumpFilter: 'cnpg.io/coredumpFilter',
  forceLegacyBackup: 'cnpg.io/forceLegacyBackup',
  enableInstancePprof: 'alpha.cnpg.io/enableInstancePprof',
  volumeSnapshotDeadline: 'cnpg.io/volumeSnapshotDeadline',
  unrecoverable: 'alpha.cnpg.io/unrecoverable',
  /** Ours: on a claim that is to go with its instance; the value is why. Nothing is removed without it. */
  removal: 'howdah.dev/removal',
  /** On the budget of the primary: the pods with that role when it was last told to count. */
  counted: 'howdah.dev/counted',
  /** Ours: on the pod of a primary that is deleted to be made anew at once, with the reason: nobody takes over meanwhile. */
  keepsRole: 'howdah.dev/keeps-role',
  /** Ours: instances that the operator has fenced because they were primary without the lease; as cnpg.io/fencedInstances. */
  fencedByOperator: 'howdah.dev/fenced-by-operator',
  /** Ours: on a Job whose program has done its work: its container's end is seen up to a second later. */
  filled: 'howdah.dev/filled',
  /** Ours: on a pod that was made beside the Job that fills its volume: the role of that Job. */
  startsBeside: 'howdah.dev/starts-beside',
  /** Ours: the generation of the Cluster that a Job was made for. */
  clusterGeneration: 'howdah.dev/cluster-generation',
  /** Ours: the Secret with the keys that backups and WAL are encrypted with (docs/adr/0006). */
  backupEncryptionSecret: 'howdah.dev/backup-encryption-secret',
  /** Ours: on the Lease of a cluster, what the instances have agreed on (docs/ha-protocol.md §2), and which write that was. */
  lease: 'howdah.dev/ha',
  leaseWrite: 'howdah.dev/ha-write',
  /** Ours: when a Cluster's newest backup is restored to see whether it can be, and on what is restored for that: of which cluster. */
  restoreDrill: 'howdah.dev/restore-drill',
  drillOf: 'howdah.dev/drill-of',
  /** Ours: the newest complete backups that are kept whatever their age, and whether retention only says what it would remove. */
  retentionCount: 'howdah.dev/retention-count',
  retentionDryRun: 'howdah.dev/retention-dry-run',
  failoverQuorum: 'alpha.cnpg.io/failoverQuorum',
  /** Ours: on a Backup (docs/extensions.md). */
  incrementalFrom: 'howdah.dev/incremental-from',
  maxRate: 'howdah.dev/max-rate',
  livenessPinger: 'alpha.cnpg.io/livenessPinger',
} as const;

export const instanceRole = { primary: 'primary', replica: 'replica', unhealthy: 'unhealthy' } as const;
export const podRole = { instance: 'instance', pooler: 'pooler' } as const;
export const pvcRole = { data: 'PG_DATA', wal: 'PG_WAL', tablespace: 'PG_TABLESPACE' } as const;
export const jobRole = {
  initdb: 'initdb',
  import: 'import',
  pgBaseBackup: 'pgbasebackup',
  recovery: 'full-recovery',
  snapshotRecovery: 'snapshot-recovery',
  join: 'join',
  majorUpgrade: 'major-upgrade',
} as const;
export type JobRole = (typeof jobRole)[keyof typeof jobRole];
export const pvcStatus = { initializing: 'initializing', ready: 'ready', detached: 'detached' } as const;
export const managedByValue = 'cloudnative-pg';
