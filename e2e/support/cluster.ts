import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { alreadyExists } from '../../src/kube/errors.ts';
import type { Namespace, Pod, Secret } from '../../src/kube/objects.ts';
import type { KubeApi } from '../../src/kube/port.ts';
import { resource } from '../../src/kube/resource-types.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { label } from '../../src/labels.ts';
import { fieldManager } from '../../src/naming.ts';
import type { ObjectStoreAccess, Platform } from './platform.ts';
import { waitFor } from './wait.ts';

/** The parts of the custom resources that tests read; what they write is plain YAML, as users write it. */
export interface ClusterObject extends KubeObject {
  spec: Record<string, unknown> & { instances: number };
  status?: {
    phase?: string;
    phaseReason?: string;
    currentPrimary?: string;
    targetPrimary?: string;
    readyInstances?: number;
    instanceNames?: string[];
    timelineID?: number;
    roleChanges?: {
      epoch: number;
      from?: string;
      to: string;
      cause: string;
      shutdownLSN?: string;
      promoteLSN?: string;
      steps?: { name: string; time: string }[];
    }[];
    howdah?: {
      retention?: { policy?: string; kept?: string[] };
      restoreDrill?: {
        phase?: string;
        message?: string;
        recoverySeconds?: number;
        recoveryPointSeconds?: number;
        verification?: { databases?: number; tables?: number; indexes?: number; problems?: string[] };
      };
    };
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}
export interface BackupObject extends KubeObject {
  spec: Record<string, unknown>;
  status?: {
    phase?: string;
    error?: string;
    backupId?: string;
    beginWal?: string;
    endWal?: string;
    stoppedAt?: string;
  };
}

/** One instance of PostgreSQL 18 with 1 GiB, and what `spec` says instead or beside it. */
export const clusterManifest = (
  platform: Pick<Platform, 'image'>,
  namespace: string,
  name: string,
  spec: Record<string, unknown> = {},
): ClusterObject => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name, namespace },
  spec: { instances: 1, imageName: platform.image(18), storage: { size: '1Gi' }, ...spec },
});

/** Applies it; the cluster may not be there yet. */
export const createCluster = (
  platform: Platform,
  namespace: string,
  name: string,
  spec: Record<string, unknown> = {},
): Promise<ClusterObject> => platform.api.create(resource.clusters, clusterManifest(platform, namespace, name, spec));

export const backupManifest = (
  { namespace, name }: { namespace: string; name: string },
  cluster: string,
  annotations?: Record<string, string>,
): BackupObject => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Backup',
  metadata: { name, namespace, ...(annotations && { annotations }) },
  spec: { cluster: { name: cluster } },
});

export const credentialsSecret = 'backup-credentials';
export const bucket = 'backups';
const samples = path.resolve(import.meta.dirname, '../../docs/samples');

/** The first object of a sample in docs/samples. */
export async function sample<T extends KubeObject>(name: string): Promise<T> {
  const [document] = parseAllDocuments(await readFile(path.join(samples, name), 'utf8'));
  return document?.toJS() as T;
}

/** The `barmanObjectStore` section for the platform's store. */
export const objectStoreSection = (store: ObjectStoreAccess): Record<string, unknown> => ({
  destinationPath: `s3://${bucket}/`,
  endpointURL: store.endpoint,
  s3Credentials: {
    accessKeyId: { name: credentialsSecret, key: 'ACCESS_KEY_ID' },
    secretAccessKey: { name: credentialsSecret, key: 'ACCESS_SECRET_KEY' },
  },
  wal: { compression: 'gzip' },
});

/** A namespace with the Secret of the object store in it. Pods that need more than the *restricted* standard allows are refused there. */
export async function createNamespace(platform: Platform, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await platform.api.create<Namespace>(resource.namespaces, { metadata: { name, labels } }).catch((error: unknown) => {
    if (!alreadyExists(error)) throw error;
  });
  await platform.api.apply<Secret>(
    resource.secrets,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: credentialsSecret, namespace: name },
      stringData: {
        ACCESS_KEY_ID: platform.objectStore.accessKeyId,
        ACCESS_SECRET_KEY: platform.objectStore.secretAccessKey,
      },
    },
    { fieldManager: fieldManager.operator },
  );
}

export const getCluster = (api: KubeApi, namespace: string, name: string): Promise<ClusterObject | undefined> =>
  api.get<ClusterObject>(resource.clusters, { namespace, name });

const ended = ['Cluster is unrecoverable and needs manual intervention', 'Invalid cluster definition'];

/** Waits until `done` holds of the cluster; fails at once when the cluster can no longer get there. */
export async function waitForCluster(
  api: KubeApi,
  namespace: string,
  name: string,
  done: (cluster: ClusterObject) => boolean,
  what: string,
  timeout = 120_000,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<ClusterObject> {
  let last: ClusterObject | undefined;
  return waitFor(
    `${what} of cluster ${name}`,
    async () => {
      await meanwhile();
      last = await getCluster(api, namespace, name);
      return last && (done(last) || ended.includes(last.status?.phase ?? '')) ? last : undefined;
    },
    { timeout },
  ).then(
    (cluster) => {
      if (done(cluster)) return cluster;
      throw new Error(`cluster ${name}: ${cluster.status?.phase}: ${cluster.status?.phaseReason ?? ''}`);
    },
    (error: unknown) => {
      throw new Error(`${String(error)}; it is in "${last?.status?.phase}" (${last?.status?.phaseReason ?? ''})`);
    },
  );
}

export const isHealthy = (cluster: ClusterObject): boolean =>
  cluster.status?.phase === 'Cluster in healthy state' && cluster.status.readyInstances === cluster.spec.instances;

/** A primary that accepts connections through the -rw service has been reported. */
export const hasPrimary = (cluster: ClusterObject): boolean => cluster.status?.currentPrimary !== undefined;

export async function instancePods(api: KubeApi, namespace: string, cluster: string): Promise<Pod[]> {
  const { items } = await api.list<Pod>(resource.pods, {
    namespace,
    labelSelector: `${label.cluster}=${cluster},${label.podRole}=instance`,
  });
  return items;
}

/** Waits until a Backup has ended, well or not. */
export async function waitForBackup(
  api: KubeApi,
  namespace: string,
  name: string,
  timeout = 120_000,
): Promise<BackupObject> {
  return waitFor(
    `backup ${name}`,
    async () => {
      const backup = await api.get<BackupObject>(resource.backups, { namespace, name });
      return ['completed', 'failed'].includes(backup?.status?.phase ?? '') ? backup : undefined;
    },
    { timeout },
  );
}
