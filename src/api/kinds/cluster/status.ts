import { flag, integer, list, map, object, required, text, textMap, texts, time } from '../../schema/schema.ts';
import { conditions } from '../common.ts';
import { extensionConfiguration } from '../common.ts';
import { certificateFields } from './credentials.ts';

const instanceReportedState = object('InstanceReportedState', 'What an instance says of itself.', {
  isPrimary: required(flag('It is the primary.')),
  timeLineID: integer('Its timeline.'),
  ip: text('Address of its pod.'),
});

const imageInfo = object('ImageInfo', 'An image and what it holds.', {
  image: required(text('Name of the image.')),
  majorVersion: required(integer('Major version of PostgreSQL.')),
  extensions: list(extensionConfiguration, 'Extensions that are image volumes.'),
});

const topology = object('Topology', 'Where the instances are.', {
  instances: map(textMap('Labels of the node.'), 'Chosen node labels by pod.'),
  nodesUsed: integer('Number of nodes in use.', { format: 'int32' }),
  successfullyExtracted: flag('The topology could be found out.'),
});

const secretVersions = object('SecretsResourceVersion', 'Resource versions of the Secrets in use.', {
  superuserSecretVersion: text('Of the Secret of the superuser.'),
  replicationSecretVersion: text('Of the Secret of the replication user.'),
  applicationSecretVersion: text('Of the Secret of the application.'),
  managedRoleSecretVersion: textMap('Of the Secrets of managed roles.'),
  caSecretVersion: text('Of the CA.', { deprecated: true }),
  clientCaSecretVersion: text('Of the CA of the clients.'),
  serverCaSecretVersion: text('Of the CA of the servers.'),
  serverSecretVersion: text('Of the certificate of the servers.'),
  barmanEndpointCA: text('Of the CA of the object store.'),
  externalClusterSecretVersion: textMap('Of the Secrets of external clusters.'),
  metrics: textMap('Of the Secrets with queries.'),
});

const managedRoles = object('ManagedRoles', 'State of the managed roles.', {
  byStatus: map(texts('Roles.'), 'Roles by status: reconciled, not-managed, pending-reconciliation, reserved.'),
  cannotReconcile: map(texts('Errors.'), 'Errors by role.'),
  passwordStatus: map(
    object('PasswordState', 'State of a password.', {
      transactionID: integer('The last transaction that changed the role.', { format: 'int64' }),
      resourceVersion: text('Resource version of the Secret.'),
    }),
    'State of the passwords, by role.',
  ),
});

const roleChange = object('RoleChange', 'One change of the primary. An extension of Howdah.', {
  epoch: required(integer('Epoch of the lease that began with it; also its timeline, unless nobody was promoted.')),
  from: text('The primary before.'),
  to: required(text('The primary since.')),
  cause: required(text('Bootstrap, Switchover, PodTermination, Restart or Failover.')),
  shutdownLSN: text('Where the log of the primary before ended, if it was shut down cleanly.'),
  promoteLSN: text('Where the new timeline begins.'),
  steps: list(
    object('RoleChangeStep', 'One step of it.', {
      name: required(
        text(
          'last-renewal or requested and stopped (by the old primary), claimed, promoting, promoted, routed (by the new one).',
        ),
      ),
      time: required(text('When, by the clock of the instance that made it.')),
    }),
    'Its steps in their order.',
    { keys: ['name'] },
  ),
});

const pluginStatus = object('PluginStatus', 'A loaded plugin.', {
  name: required(text('Name.')),
  version: required(text('Version.')),
  capabilities: texts('What it can do.'),
  operatorCapabilities: texts('What it can do for the operator.'),
  walCapabilities: texts('What it can do for WAL.'),
  backupCapabilities: texts('What it can do for backups.'),
  restoreJobHookCapabilities: texts('What it can do for restores.'),
  status: text('Status that it reports.'),
});

const verification = object('RestoreVerification', 'What was found in a restored database; its instance writes it.', {
  startedAt: time('When the checks began: the database was up.'),
  endedAt: time('When they ended.'),
  backupId: text('The backup that was restored.'),
  recoveredTo: time('When the last transaction that was restored was committed.'),
  databases: integer('Databases that were checked.'),
  tables: integer('Tables that were checked, those of the catalogs included.'),
  indexes: integer('B-tree indexes that were checked against their tables.'),
  method: text('amcheck, or read where the extension is not there.'),
  dataChecksums: flag('Pages have checksums, so each page that was read was verified.'),
  problems: texts('What is damaged.'),
});

const drillResult = {
  startedAt: time('When it began.'),
  endedAt: time('When it ended.'),
  recoverySeconds: integer('Seconds until the restored database was up: the recovery time that can be reached.'),
  recoveryPointSeconds: integer(
    'Seconds between the last restored transaction and the beginning: the most that would have been lost.',
  ),
  message: text('What went wrong.'),
  verification,
};

const howdahStatus = object('HowdahStatus', 'What goes beyond the API of CloudNativePG.', {
  retention: object('RetentionStatus', 'The newest run of retention; the primary writes it.', {
    lastRunTime: time('When it ran.'),
    policy: text('What is kept.'),
    dryRun: flag('Nothing was removed.'),
    kept: texts('Backups that are kept, and why: window, anchor, count, newest, restore or chain.'),
    removed: texts('Backups that were removed, or with dryRun would have been.'),
    walRemoved: integer('Number of WAL files that were removed.'),
    walBefore: text('Position in WAL before which no backup needs any; what lies before it goes at the next run.'),
    walKept: text('Why no WAL can go.'),
    error: text('Why the policy was not applied.'),
  }),
  restoreDrill: object('RestoreDrillStatus', 'The newest restore drill; the operator writes it.', {
    phase: text('running, succeeded or failed.'),
    nextTime: time('When the next one begins.'),
    ...drillResult,
    last: object('RestoreDrillResult', 'The newest drill that came to its end; it stays while the next one runs.', {
      phase: text('succeeded or failed.'),
      ...drillResult,
    }),
  }),
  verification,
});

export const clusterStatus = object('ClusterStatus', 'What was observed of the cluster; only the operator writes it.', {
  instances: integer('Number of pods.'),
  readyInstances: integer('Number of ready pods.'),
  selector: text('Label selector of the pods, for the scale sub-resource.'),
  instanceNames: texts('Names of the instances.'),
  instancesStatus: map(texts('Pods.'), 'Pods by state: healthy, replicating, failed.'),
  instancesReportedState: map(instanceReportedState, 'What each instance says of itself.'),
  timelineID: integer('Timeline of the primary.'),
  systemID: text('System identifier of the database cluster.'),
  phase: text('What is going on.'),
  phaseReason: text('Why.'),
  currentPrimary: text('The primary.'),
  targetPrimary: text('The instance that is to be the primary; pending while a failover waits for its candidates.'),
  currentPrimaryTimestamp: text('When currentPrimary last changed.'),
  targetPrimaryTimestamp: text('When targetPrimary last changed.'),
  currentPrimaryFailingSinceTimestamp: text('When the primary was first found unhealthy.'),
  epoch: integer(
    'Highest epoch that any instance has stood for: it is written here before, and nobody stands for it again. An extension of Howdah.',
  ),
  roleChanges: list(roleChange, 'The last ten changes of the primary, the newest last. An extension of Howdah.', {
    keys: ['epoch'],
  }),
  lastPromotionToken: text('The last promotion token that was used.'),
  demotionToken: text('Token by which another cluster is promoted.'),
  switchReplicaClusterStatus: object(
    'SwitchReplicaClusterStatus',
    'A change of the replica cluster that is going on.',
    {
      inProgress: flag('It is going on.'),
    },
  ),
  pvcCount: integer('Number of claims.', { format: 'int32' }),
  jobCount: integer('Number of Jobs that are not done.', { format: 'int32' }),
  danglingPVC: texts('Claims that no pod uses.'),
  resizingPVC: texts('Claims that are growing.'),
  initializingPVC: texts('Claims that are being filled.'),
  healthyPVC: texts('Claims in use.'),
  unusablePVC: texts('Claims that lack their companions.'),
  latestGeneratedNode: integer('Serial of the latest instance.', { deprecated: true }),
  writeService: text('Service of the primary.'),
  readService: text('Service of every instance.'),
  topology,
  certificates: object('CertificatesStatus', 'Certificates in use.', {
    ...certificateFields,
    expirations: textMap('When they expire, by Secret.'),
  }),
  secretsResourceVersion: secretVersions,
  configMapResourceVersion: object('ConfigMapResourceVersion', 'Resource versions of the ConfigMaps in use.', {
    metrics: textMap('Of the ConfigMaps with queries.'),
  }),
  managedRolesStatus: managedRoles,
  tablespacesStatus: list(
    object('TablespaceState', 'State of a tablespace.', {
      name: required(text('Name.')),
      owner: text('Owner.'),
      state: required(text('reconciled or pending.')),
      error: text('What went wrong.'),
    }),
    'State of the tablespaces.',
    { keys: ['name'] },
  ),
  podSelectorRefs: list(
    object('PodSelectorRefStatus', 'Addresses of selected pods.', {
      name: required(text('Name of the selector.')),
      ips: texts('Addresses.'),
    }),
    'Addresses of the pods of each podSelectorRef.',
    { keys: ['name'] },
  ),
  poolerIntegrations: object('PoolerIntegrations', 'What the poolers need of the cluster.', {
    pgBouncerIntegration: object('PgBouncerIntegrationStatus', 'What PgBouncer needs.', {
      secrets: texts('Secrets.'),
    }),
  }),
  pluginStatus: list(pluginStatus, 'Loaded plugins.', { keys: ['name'] }),
  image: text('The image in use.'),
  pgDataImageInfo: imageInfo,
  targetPgDataImageInfo: imageInfo,
  availableArchitectures: list(
    object('AvailableArchitecture', 'An architecture that the operator has a manager for.', {
      goArch: required(text('Architecture, as Go names it.')),
      hash: required(text('SHA-256 of the manager.')),
    }),
    'Architectures that the operator has a manager for.',
  ),
  onlineUpdateEnabled: flag('Managers are updated in place.'),
  cloudNativePGCommitHash: text('Commit that the operator was built from.'),
  cloudNativePGOperatorHash: text('Hash of the operator.'),
  operatorCertificateFingerprint: text('SHA-256 of the client certificate that the operator shows to the instances.'),
  firstRecoverabilityPoint: text('The earliest time that a restore can reach.', { deprecated: true }),
  firstRecoverabilityPointByMethod: textMap('The same, by backup method.', { deprecated: true }),
  lastSuccessfulBackup: text('When the last good backup ended.', { deprecated: true }),
  lastSuccessfulBackupByMethod: textMap('The same, by backup method.', { deprecated: true }),
  lastFailedBackup: text('When the last backup failed.', { deprecated: true }),
  howdah: howdahStatus,
  conditions,
});
