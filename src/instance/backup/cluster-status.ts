import type { KubeApi } from '../../kube/port.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { type Condition, changeClusterStatus, setCondition } from '../wal/condition.ts';
import { kubeTime } from './objects.ts';

export type BackupEvent =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'succeeded';
      readonly at: Date;
      readonly method: string;
      readonly firstRecoverabilityPoint: Date | undefined;
    }
  | { readonly kind: 'failed'; readonly at: Date; readonly message: string };

const type = 'LastBackupSucceeded';

function conditionOf(event: BackupEvent): Condition {
  switch (event.kind) {
    case 'started':
      return { type, status: 'False', reason: 'BackupStarted', message: 'New Backup starting up' };
    case 'succeeded':
      return { type, status: 'True', reason: 'LastBackupSucceeded', message: 'Backup was successful' };
    case 'failed':
      return { type, status: 'False', reason: 'LastBackupFailed', message: event.message.slice(0, 4096) };
    default:
      return event satisfies never;
  }
}

/** Says in the Cluster how its newest backup went. */
export async function reportBackup(
  kube: Pick<KubeApi, 'get' | 'replaceStatus'>,
  cluster: ObjectKey,
  event: BackupEvent,
  signal: AbortSignal,
): Promise<void> {
  const change = (status: Record<string, unknown> & { conditions?: Condition[] }): boolean => {
    const changed = setCondition(status, conditionOf(event), new Date());
    if (event.kind === 'started') return changed;
    if (event.kind === 'failed') {
      status['lastFailedBackup'] = kubeTime(event.at);
      return true;
    }
    const { method } = event;
    const add = (field: string, when: Date): void => {
      status[field] = kubeTime(when);
      status[`${field}ByMethod`] = { ...(status[`${field}ByMethod`] as object | undefined), [method]: kubeTime(when) };
    };
    add('lastSuccessfulBackup', event.at);
    if (event.firstRecoverabilityPoint) add('firstRecoverabilityPoint', event.firstRecoverabilityPoint);
    return true;
  };
  await changeClusterStatus(kube, cluster, change, signal);
}
