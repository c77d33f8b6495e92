// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  V1ImageVolumeSource,
  V1ServiceSpec,
} from '@kubernetes/client-node';
import type {
  Wire,
} from '../../kube/objects.ts';

/** The cluster that holds it; it cannot change. */
export interface LocalObjectReference {
  /** Name of the object. */
  name: string;
}

/** Metadata of the objects made from this template. */
export interface Metadata {
  /** Name of the object. */
  name?: string;
  /** Labels of the object. */
  labels?: Record<string, string>;
  /** Annotations of the object. */
  annotations?: Record<string, string>;
}

/** The JSON key of a service account. */
export interface SecretKeySelector {
  /** Name of the Secret. */
  name: string;
  /** Key within the Secret. */
  key: string;
}

/** A PostgreSQL extension that is an image volume. */
export interface ExtensionConfiguration {
  /** Name of the extension; the image is mounted at /extensions/NAME. */
  name: string;
  /** The image that holds the extension. */
  image?: Wire<V1ImageVolumeSource>;
  /** Directories within the image for extension_control_path; default: share. */
  extension_control_path?: string[];
  /** Directories within the image for dynamic_library_path; default: lib. */
  dynamic_library_path?: string[];
  /** Directories within the image for LD_LIBRARY_PATH. */
  ld_library_path?: string[];
  /** Directories within the image for PATH. */
  bin_path?: string[];
  /** Environment variables that the extension needs. */
  env?: ExtensionEnvVar[];
}

/** An environment variable. */
export interface ExtensionEnvVar {
  /** Name of the variable. */
  name: string;
  /** Value; ${image_root} stands for the directory where the image is mounted. */
  value: string;
}

/** Where and how base backups and WAL are kept. */
export interface BarmanObjectStoreConfiguration {
  /** Root of the backups, such as s3://bucket/path. */
  destinationPath: string;
  /** Address of the store; default: that of the cloud. */
  endpointURL?: string;
  /** The CA certificate that the store is verified with. */
  endpointCA?: SecretKeySelector;
  /** Directory of this server below destinationPath; default: the name of the cluster. */
  serverName?: string;
  /** Credentials for S3 and what speaks its protocol. */
  s3Credentials?: S3Credentials;
  /** Credentials for Azure Blob Storage. */
  azureCredentials?: AzureCredentials;
  /** Credentials for Google Cloud Storage. */
  googleCredentials?: GoogleCredentials;
  /** How WAL is archived. */
  wal?: WalBackupConfiguration;
  /** How base backups are stored. */
  data?: DataBackupConfiguration;
  /** Tags of uploaded objects. */
  tags?: Record<string, string>;
  /** Tags of uploaded timeline history files. */
  historyTags?: Record<string, string>;
}

/** Credentials for S3 and what speaks its protocol. */
export interface S3Credentials {
  /** The access key id. */
  accessKeyId?: SecretKeySelector;
  /** The secret access key. */
  secretAccessKey?: SecretKeySelector;
  /** The region. */
  region?: SecretKeySelector;
  /** The session token. */
  sessionToken?: SecretKeySelector;
  /** Takes the credentials of the IAM role of the pod. */
  inheritFromIAMRole?: boolean;
}

/** Credentials for Azure Blob Storage. */
export interface AzureCredentials {
  /** The connection string. */
  connectionString?: SecretKeySelector;
  /** The storage account. */
  storageAccount?: SecretKeySelector;
  /** The key of the storage account. */
  storageKey?: SecretKeySelector;
  /** A shared access signature. */
  storageSasToken?: SecretKeySelector;
  /** Takes the managed identity of the pod. */
  inheritFromAzureAD?: boolean;
  /** Takes the default credential chain of the Azure SDK. */
  useDefaultAzureCredentials?: boolean;
}

/** Credentials for Google Cloud Storage. */
export interface GoogleCredentials {
  /** Takes the workload identity of the GKE pod. */
  gkeEnvironment?: boolean;
  /** The JSON key of a service account. */
  applicationCredentials?: SecretKeySelector;
}

/** How WAL is archived. */
export interface WalBackupConfiguration {
  /** Compression of WAL files; default: none. */
  compression?: 'bzip2' | 'gzip' | 'lz4' | 'snappy' | 'xz' | 'zstd';
  /** Server-side encryption that the store is asked for; default: its own. */
  encryption?: 'AES256' | 'aws:kms';
  /** WAL files that are archived or fetched at once. */
  maxParallel?: number;
  /** Further arguments for barman-cloud-wal-archive. */
  archiveAdditionalCommandArgs?: string[];
  /** Further arguments for barman-cloud-wal-restore. */
  restoreAdditionalCommandArgs?: string[];
}

/** How base backups are stored. */
export interface DataBackupConfiguration {
  /** Compression of the base backup; default: none. */
  compression?: 'bzip2' | 'gzip' | 'lz4' | 'snappy';
  /** Server-side encryption that the store is asked for; default: its own. */
  encryption?: 'AES256' | 'aws:kms';
  /** Uploads that run at once. */
  jobs?: number;
  /** Begins with an immediate checkpoint rather than a spread one. */
  immediateCheckpoint?: boolean;
  /** Further arguments for barman-cloud-backup. */
  additionalCommandArgs?: string[];
  /** Further arguments for barman-cloud-restore. */
  restoreAdditionalCommandArgs?: string[];
}

/** How a backup of a running instance is begun and ended. */
export interface OnlineConfiguration {
  /** The backup is complete only when its last WAL segment is archived. Default: true. */
  waitForArchive?: boolean;
  /** Begins with an immediate checkpoint rather than a spread one. */
  immediateCheckpoint?: boolean;
}

/** TLS of the metrics endpoint. */
export interface MetricsTLS {
  /** The metrics endpoint speaks TLS. Default: false. */
  enabled?: boolean;
}

/** A relabelling step of Prometheus. */
export interface RelabelConfig {
  /** Labels whose values are joined and matched. */
  sourceLabels?: string[];
  /** What joins the values. */
  separator?: string;
  /** Label that the result is written to. */
  targetLabel?: string;
  /** Regular expression that the joined values are matched against. */
  regex?: string;
  /** Modulus of the hash of the joined values. */
  modulus?: number;
  /** What a match is replaced with. */
  replacement?: string;
  /** What is done with a match. Default: "replace". */
  action?: string;
}

/** Template of a Service. */
export interface ServiceTemplateSpec {
  /** Metadata of the objects made from this template. */
  metadata?: Metadata;
  /** Specification of the Service; the selector is always ours. */
  spec?: Wire<V1ServiceSpec>;
}

/** An observation of the state of the object. */
export interface Condition {
  /** Type of the condition, in CamelCase. */
  type: string;
  /** Whether the condition holds. */
  status: 'True' | 'False' | 'Unknown';
  /** The generation of the object that this was observed on. */
  observedGeneration?: number;
  /** When status last changed. */
  lastTransitionTime: string;
  /** Why status last changed, one CamelCase word. */
  reason: string;
  /** The same, for people. */
  message: string;
}

/** The plugin that takes the backup, when method is plugin. */
export interface BackupPluginConfiguration {
  /** Name of the plugin. */
  name: string;
  /** Parameters that are passed to the plugin for this backup. */
  parameters?: Record<string, string>;
}

/** The images of the catalog. */
export interface ImageCatalogSpec {
  /** Images of PostgreSQL, at most one of each major version. */
  images: CatalogImage[];
  /** Images of other components, such as PgBouncer. */
  componentImages?: ComponentImage[];
}

/** The image of a major version. */
export interface CatalogImage {
  /** Name of the image. */
  image: string;
  /** Major version of PostgreSQL. */
  major: number;
  /** Extensions that are image volumes; a cluster may override each field. */
  extensions?: ExtensionConfiguration[];
}

/** The image of another component. */
export interface ComponentImage {
  /** Key of the component. */
  key: string;
  /** Name of the image. */
  image: string;
}
