// What the builders read of a Cluster, and what the operator is configured with.
import type * as k8s from '@kubernetes/client-node';
import type { Wire } from '../kube/objects.ts';
import type { ObjectMeta } from '../kube/types.ts';

export interface NameReference {
  name: string;
}

export interface KeySelector {
  name: string;
  key: string;
}

export interface Storage {
  storageClass?: string;
  size?: string;
  resizeInUseVolumes?: boolean;
  pvcTemplate?: Wire<k8s.V1PersistentVolumeClaimSpec>;
}

export interface ProbeNumbers {
  initialDelaySeconds?: number;
  timeoutSeconds?: number;
  periodSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
  terminationGracePeriodSeconds?: number;
}

export interface SqlReferences {
  secretRefs?: KeySelector[];
  configMapRefs?: KeySelector[];
}

export interface ObjectStoreReferences {
  endpointCA?: KeySelector;
  s3Credentials?: Record<string, unknown>;
  azureCredentials?: Record<string, unknown>;
  googleCredentials?: Record<string, unknown>;
}

export interface Metadata {
  name?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface Affinity {
  enablePodAntiAffinity?: boolean;
  topologyKey?: string;
  podAntiAffinityType?: string;
  nodeSelector?: Record<string, string>;
  nodeAffinity?: Wire<k8s.V1NodeAffinity>;
  tolerations?: Wire<k8s.V1Toleration>[];
  additionalPodAntiAffinity?: Wire<k8s.V1PodAntiAffinity>;
  additionalPodAffinity?: Wire<k8s.V1PodAffinity>;
}

export interface ManagedService {
  selectorType: string;
  updateStrategy?: string;
  serviceTemplate: { metadata?: Metadata; spec?: Wire<k8s.V1ServiceSpec> };
}

export interface BootstrapTarget {
  database?: string;
  owner?: string;
  secret?: NameReference;
}

export interface ClusterSpec {
  instances: number;
  imageName?: string;
  imagePullPolicy?: string;
  imagePullSecrets?: NameReference[];
  inheritedMetadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  schedulerName?: string;
  postgresUID?: number;
  postgresGID?: number;
  env?: Wire<k8s.V1EnvVar>[];
  envFrom?: Wire<k8s.V1EnvFromSource>[];
  projectedVolumeTemplate?: Wire<k8s.V1ProjectedVolumeSource>;
  ephemeralVolumeSource?: Wire<k8s.V1EphemeralVolumeSource>;
  ephemeralVolumesSizeLimit?: { shm?: string | number; temporaryData?: string | number };
  resources?: Wire<k8s.V1ResourceRequirements>;
  priorityClassName?: string;
  serviceAccountTemplate?: { metadata?: Metadata };
  serviceAccountName?: string;
  seccompProfile?: Wire<k8s.V1SeccompProfile>;
  podSecurityContext?: Wire<k8s.V1PodSecurityContext>;
  securityContext?: Wire<k8s.V1SecurityContext>;
  topologySpreadConstraints?: Wire<k8s.V1TopologySpreadConstraint>[];
  affinity?: Affinity;
  logLevel?: string;
  storage?: Storage;
  walStorage?: Storage;
  tablespaces?: { name: string; storage: Storage }[];
  startDelay?: number;
  stopDelay?: number;
  livenessProbeTimeout?: number;
  probes?: { startup?: ProbeNumbers; readiness?: ProbeNumbers; liveness?: ProbeNumbers };
  enablePDB?: boolean;
  nodeMaintenanceWindow?: { inProgress?: boolean; reusePVC?: boolean };
  enableSuperuserAccess?: boolean;
  superuserSecret?: NameReference;
  certificates?: {
    serverCASecret?: string;
    serverTLSSecret?: string;
    clientCASecret?: string;
    replicationTLSSecret?: string;
    serverAltDNSNames?: string[];
  };
  bootstrap?: {
    initdb?: BootstrapTarget & {
      postInitSQLRefs?: SqlReferences;
      postInitApplicationSQLRefs?: SqlReferences;
      postInitTemplateSQLRefs?: SqlReferences;
      import?: object;
    };
    recovery?: BootstrapTarget & { backup?: { name: string; endpointCA?: KeySelector }; source?: string };
    pg_basebackup?: BootstrapTarget & { source: string };
  };
  externalClusters?: {
    name: string;
    sslCert?: KeySelector;
    sslKey?: KeySelector;
    sslRootCert?: KeySelector;
    password?: KeySelector;
    barmanObjectStore?: ObjectStoreReferences;
  }[];
  backup?: { target?: string; barmanObjectStore?: ObjectStoreReferences };
  managed?: {
    roles?: { name: string; passwordSecret?: NameReference }[];
    services?: { disabledDefaultServices?: string[]; additional?: ManagedService[] };
  };
  monitoring?: { customQueriesConfigMap?: KeySelector[]; customQueriesSecret?: KeySelector[] };
  postgresql?: { ldap?: { bindSearchAuth?: { bindPassword?: Wire<k8s.V1SecretKeySelector> } } };
}

export interface ClusterModel {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: ClusterSpec;
  status?: { currentPrimary?: string; image?: string };
}

/** What the operator's configuration adds to every object (reference §2.35). */
export interface BuildSettings {
  readonly operatorImage: string;
  readonly operatorVersion: string;
  readonly postgresImage: string;
  readonly clusterDomain: string;
  readonly standbyTcpUserTimeoutMs: number;
  /** Names, or globs of names, of labels and annotations that are copied from the Cluster. */
  readonly inheritedLabels: readonly string[];
  readonly inheritedAnnotations: readonly string[];
}
