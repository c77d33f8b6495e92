// Values of status.phase and reasons of conditions and events (reference §2.33): tools match on them.

export const phase = {
  settingUpPrimary: 'Setting up primary',
  creatingReplica: 'Creating a new replica',
  upgrading: 'Upgrading cluster',
  restartingPrimary: 'Primary instance is being restarted without a switchover',
  failingOver: 'Failing over',
  switchingOver: 'Switchover in progress',
  healthy: 'Cluster in healthy state',
  unrecoverable: 'Cluster is unrecoverable and needs manual intervention',
  waitingForInstances: 'Waiting for the instances to become active',
  cannotCreateObjects: 'Unable to create required cluster objects',
  notEnoughDiskSpace: 'Not enough disk space',
  invalid: 'Invalid cluster definition',
  statusUnreachable: 'Instance Status Extraction Error: HTTP communication issue',
} as const;

export const conditionType = {
  ready: 'Ready',
  systemId: 'ConsistentSystemID',
  initialized: 'Initialized',
} as const;

export const conditionReason = {
  ready: 'ClusterIsReady',
  notReady: 'ClusterIsNotReady',
  unique: 'Unique',
  notFound: 'NotFound',
  mismatch: 'Mismatch',
  bootstrapCompleted: 'BootstrapCompleted',
  bootstrapPending: 'BootstrapPending',
} as const;

export const eventReason = {
  creatingInstance: 'CreatingInstance',
  failoverTarget: 'FailoverTarget',
  failingOver: 'FailingOver',
  switchingOver: 'SwitchingOver',
  switchover: 'Switchover',
  switchoverRefused: 'SwitchoverRefused',
  leaseConflict: 'PrimaryLeaseConflict',
  invalidCluster: 'InvalidCluster',
  invalidSecret: 'InvalidCASecret',
  secretNotFound: 'SecretNotFound',
  secretExpiring: 'SecretIsExpiring',
  creatingServiceAccount: 'CreatingServiceAccount',
  creatingRole: 'CreatingRole',
  updatingRole: 'UpdatingRole',
  serviceAccountNotFound: 'ServiceAccountNotFound',
  creatingBudget: 'CreatingPodDisruptionBudget',
  deletingBudget: 'DeletingPodDisruptionBudget',
  cannotCreateObjects: 'ObjectsNotCreated',
  bootstrapFailed: 'BootstrapFailed',
  joinFailed: 'JoinFailed',
  volumesLost: 'VolumesLost',
  scaleDown: 'ScaleDown',
  deletePod: 'DeletePod',
  deleteClaims: 'DeletePVCs',
  notEnoughDiskSpace: 'NotEnoughDiskSpace',
  resizing: 'ResizingVolume',
  shrinkRefused: 'ShrinkRefused',
  upgradingInstance: 'UpgradingInstance',
  primaryStatusFailed: 'PrimaryStatusCheckFailed',
} as const;
