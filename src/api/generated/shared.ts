// Written by `npm run generate` from the schemas in src/api/kinds.

/** The cluster to back up. */
export interface LocalObjectReference {
  /** Name of the object. */
  name: string;
}

/** The CA certificate that the store is verified with. */
export interface SecretKeySelector {
  /** Name of the Secret. */
  name: string;
  /** Key within the Secret. */
  key: string;
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

/** How a volume snapshot of a running instance is begun and ended. */
export interface OnlineConfiguration {
  /** The backup is complete only when its last WAL segment is archived. Default: true. */
  waitForArchive?: boolean;
  /** Begins with an immediate checkpoint rather than a spread one. */
  immediateCheckpoint?: boolean;
}
