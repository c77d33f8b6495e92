import type { Backup, BackupSpec } from '../../api/generated/backup.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { ScheduledBackup } from '../../api/generated/scheduled-backup.ts';
import type { OwnerReference } from '../../kube/types.ts';
import { annotation, label } from '../../labels.ts';
import { apiVersion } from '../../naming.ts';
import { applicationLabels, ownedBy } from '../../resources/metadata.ts';
import type { BuildSettings } from '../../resources/model.ts';

/** The same moment always gives the same name, so that no backup is made twice. */
export const childName = (scheduled: string, at: Date): string =>
  `${scheduled}-${at.toISOString().slice(0, 19).replace(/\D/g, '')}`;

function owners({ metadata, spec }: ScheduledBackup, cluster: Cluster): OwnerReference[] {
  switch (spec.backupOwnerReference) {
    case 'cluster':
      return ownedBy(cluster);
    case 'self': {
      const { name, uid = '' } = metadata;
      return [{ apiVersion, kind: 'ScheduledBackup', name, uid, controller: true, blockOwnerDeletion: true }];
    }
    default:
      return [];
  }
}

/** What a Backup is asked for beyond the API is asked of its schedule. */
const passedOn = [annotation.incrementalFrom, annotation.maxRate] as const;

function annotations({ metadata }: ScheduledBackup): { annotations?: Record<string, string> } {
  const own = metadata.annotations ?? {};
  const found = passedOn.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
  return found.length === 0 ? {} : { annotations: Object.fromEntries(found) };
}

/** The Backup that a schedule makes at a moment. */
export function childBackup(
  scheduled: ScheduledBackup,
  cluster: Cluster,
  settings: BuildSettings,
  { at, immediate }: { at: Date; immediate: boolean },
): Backup {
  const { target, method, online, onlineConfiguration, pluginConfiguration } = scheduled.spec;
  const spec: BackupSpec = {
    cluster: scheduled.spec.cluster,
    ...(target === undefined ? {} : { target }),
    ...(method === undefined ? {} : { method }),
    ...(online === undefined ? {} : { online }),
    ...(onlineConfiguration === undefined ? {} : { onlineConfiguration }),
    ...(pluginConfiguration === undefined ? {} : { pluginConfiguration }),
  };
  return {
    apiVersion,
    kind: 'Backup',
    metadata: {
      name: childName(scheduled.metadata.name, at),
      namespace: scheduled.metadata.namespace,
      labels: {
        ...applicationLabels(cluster, settings),
        [label.cluster]: scheduled.spec.cluster.name,
        [label.scheduledBackup]: scheduled.metadata.name,
        [label.immediateBackup]: String(immediate),
      },
      ...annotations(scheduled),
      ownerReferences: owners(scheduled, cluster),
    },
    spec,
  };
}
