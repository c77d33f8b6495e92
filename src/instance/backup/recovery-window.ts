import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { SectionAt } from '../wal/archive-source.ts';
import { kubeTime } from './objects.ts';

export interface RecoveryWindowNews {
  readonly firstRecoverabilityPoint?: Date | undefined;
  readonly lastSuccessfulBackupTime?: Date | undefined;
  readonly lastFailedBackupTime?: Date | undefined;
}

/** Says in the ObjectStore, where there is one, what a restore of this server can reach. */
export async function reportRecoveryWindow(
  kube: Pick<KubeApi, 'patchStatus'>,
  namespace: string,
  { objectStore: name, section, defaultServer }: SectionAt,
  news: RecoveryWindowNews,
  signal: AbortSignal,
): Promise<void> {
  if (name === undefined) return;
  const times = Object.entries(news).flatMap(([field, time]) =>
    time instanceof Date ? [[field, kubeTime(time)] as const] : [],
  );
  if (times.length === 0) return;
  const serverRecoveryWindow = { [section.serverName ?? defaultServer]: Object.fromEntries(times) };
  await kube.patchStatus(resource.objectStores, { namespace, name }, { status: { serverRecoveryWindow } }, { signal });
}
