import type { PersistentVolumeClaim } from '../kube/objects.ts';
import { annotation, label, pvcRole, pvcStatus } from '../labels.ts';
import { dataVolumeClaim, instanceName, tablespaceClaim, tablespaceNamePart, walVolumeClaim } from '../naming.ts';
import { clusterName, objectMetadata } from './metadata.ts';
import type { StorageConfiguration } from '../api/generated/cluster.ts';
import type { BuildSettings, Cluster } from './model.ts';

export interface ClaimRole {
  readonly name: string;
  readonly role: (typeof pvcRole)[keyof typeof pvcRole];
  readonly tablespace?: string;
  readonly storage: StorageConfiguration;
}

/** The claims that an instance is made of. It may start only when it has them all. */
export function claimsOf(cluster: Cluster, instance: string): ClaimRole[] {
  const { storage, walStorage, tablespaces } = cluster.spec;
  return [
    { name: dataVolumeClaim(instance), role: pvcRole.data, storage: storage ?? {} },
    ...(walStorage === undefined ? [] : [{ name: walVolumeClaim(instance), role: pvcRole.wal, storage: walStorage }]),
    ...(tablespaces ?? []).map(({ name, storage: own }) => ({
      name: tablespaceClaim(instance, name),
      role: pvcRole.tablespace,
      tablespace: name,
      storage: own,
    })),
  ];
}

/** The size asked for: `size`, or what the template says. */
export const wantedSize = (storage: StorageConfiguration): string | undefined =>
  storage.size ?? storage.pvcTemplate?.resources?.requests?.['storage'];

/** A label cannot hold every name that PostgreSQL allows. */
const labelValue = (name: string): string => (/[$]|^_/.test(name) ? tablespaceNamePart(name) : name);

export function instanceClaim(
  cluster: Cluster,
  settings: BuildSettings,
  serial: number,
  { name, role, tablespace, storage }: ClaimRole,
): PersistentVolumeClaim {
  const template = storage.pvcTemplate ?? {};
  const size = wantedSize(storage);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: objectMetadata(cluster, settings, name, {
      labels: {
        [label.instanceName]: instanceName(clusterName(cluster), serial),
        [label.pvcRole]: role,
        ...(tablespace === undefined ? {} : { [label.tablespaceName]: labelValue(tablespace) }),
      },
      annotations: { [annotation.nodeSerial]: String(serial), [annotation.pvcStatus]: pvcStatus.initializing },
    }),
    spec: {
      ...template,
      accessModes: template.accessModes ?? ['ReadWriteOnce'],
      resources: {
        ...template.resources,
        requests: { ...template.resources?.requests, ...(size === undefined ? {} : { storage: size }) },
      },
      ...(storage.storageClass === undefined ? {} : { storageClassName: storage.storageClass }),
    },
  };
}
