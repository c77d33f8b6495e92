// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  V1DeploymentStrategy,
  V1PodSpec,
} from '@kubernetes/client-node';
import type {
  Wire,
} from '../../kube/objects.ts';
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  LocalObjectReference,
  Metadata,
  MetricsTLS,
  RelabelConfig,
  ServiceTemplateSpec,
} from './shared.ts';
export type {
  LocalObjectReference,
  Metadata,
  MetricsTLS,
  RelabelConfig,
  ServiceTemplateSpec,
} from './shared.ts';

/** A connection pooler in front of a cluster. */
export interface Pooler extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: PoolerSpec;
  status?: PoolerStatus;
}

/** What the pooler is to be. */
export interface PoolerSpec {
  /** The cluster; it cannot change. */
  cluster: LocalObjectReference;
  /** The service of the cluster that connections go to. Default: "rw". */
  type?: 'rw' | 'ro' | 'r';
  /** Number of pods. Default: 1. */
  instances?: number;
  /** Template of the pods; the container is named pgbouncer. */
  template?: PodTemplateSpec;
  /** How pods are replaced. */
  deploymentStrategy?: Wire<V1DeploymentStrategy>;
  /** Template of a Service. */
  serviceTemplate?: ServiceTemplateSpec;
  /** An existing service account, instead of a generated one; it cannot change. */
  serviceAccountName?: string;
  /** Metrics of the pooler. */
  monitoring?: PoolerMonitoringConfiguration;
  /** PgBouncer's configuration. */
  pgbouncer: PgBouncerSpec;
}

/** Template of the pods; the container is named pgbouncer. */
export interface PodTemplateSpec {
  /** Metadata of the objects made from this template. */
  metadata?: Metadata;
  /** Specification of the pods. */
  spec?: Wire<V1PodSpec>;
}

/** Metrics of the pooler. */
export interface PoolerMonitoringConfiguration {
  /** @deprecated A PodMonitor is made for the pooler. Default: false. */
  enablePodMonitor?: boolean;
  /** @deprecated Relabelling of the metrics of the PodMonitor. */
  podMonitorMetricRelabelings?: RelabelConfig[];
  /** @deprecated Relabelling of the targets of the PodMonitor. */
  podMonitorRelabelings?: RelabelConfig[];
  /** TLS of the metrics endpoint. */
  tls?: MetricsTLS;
}

/** PgBouncer's configuration. */
export interface PgBouncerSpec {
  /** When a server connection goes back to the pool. Default: "session". */
  poolMode?: 'session' | 'transaction';
  /** TLS Secret that PgBouncer shows to the servers. */
  serverTLSSecret?: LocalObjectReference;
  /** Secret with the CA that the servers are verified with. */
  serverCASecret?: LocalObjectReference;
  /** Secret with the CA that clients are verified with. */
  clientCASecret?: LocalObjectReference;
  /** TLS Secret that PgBouncer shows to clients. */
  clientTLSSecret?: LocalObjectReference;
  /** @deprecated Secret of the user that runs authQuery. */
  authQuerySecret?: LocalObjectReference;
  /** Query for the password of a user; default: SELECT usename, passwd FROM public.user_search($1). */
  authQuery?: string;
  /** Parameters of pgbouncer.ini; only those that are known to be safe. */
  parameters?: Record<string, string>;
  /** Lines of pg_hba.conf of PgBouncer. */
  pg_hba?: string[];
  /** PgBouncer is paused. Default: false. */
  paused?: boolean;
  /** The PgBouncer image. */
  image?: string;
  /** The catalog component that the image is taken from. */
  imageCatalogRef?: ComponentImageCatalogRef;
}

/** The catalog component that the image is taken from. */
export interface ComponentImageCatalogRef {
  /** API group of the catalog: postgresql.cnpg.io. */
  apiGroup?: string;
  /** ImageCatalog or ClusterImageCatalog. */
  kind: string;
  /** Name of the catalog. */
  name: string;
  /** Key of the component image. */
  key: string;
}

/** What was observed of the pooler; only the operator writes it. */
export interface PoolerStatus {
  /** Secrets in use. */
  secrets?: PoolerSecrets;
  /** Number of pods. */
  instances?: number;
  /** active, paused, inactive or failed. */
  phase?: string;
  /** Why. */
  phaseReason?: string;
  /** The image in use. */
  image?: string;
  /** What went wrong. */
  error?: string;
}

/** Secrets in use. */
export interface PoolerSecrets {
  /** A Secret and its version. */
  clientTLS?: SecretVersion;
  /** A Secret and its version. */
  serverTLS?: SecretVersion;
  /** A Secret and its version. */
  serverCA?: SecretVersion;
  /** A Secret and its version. */
  clientCA?: SecretVersion;
  /** Secrets of PgBouncer. */
  pgBouncerSecrets?: PgBouncerSecrets;
}

/** A Secret and its version. */
export interface SecretVersion {
  /** Name of the Secret. */
  name?: string;
  /** Resource version of the Secret. */
  version?: string;
}

/** Secrets of PgBouncer. */
export interface PgBouncerSecrets {
  /** A Secret and its version. */
  authQuery?: SecretVersion;
}
