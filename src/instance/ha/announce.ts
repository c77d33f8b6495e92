import { isNotFound } from '../../kube/errors.ts';
import { resource } from '../../kube/resource-types.ts';
import { instanceRole, label } from '../../labels.ts';
import { roleLabels } from '../../resources/pod.ts';
import { type HaCore, others } from './core/core.ts';

const micro = (date: Date): string => date.toISOString().replace('Z', '000Z');
const noRole = { [label.instanceRole]: null, [label.legacyRole]: null };

/** Nobody may be led to the one before. Tried once; resolves in any case. */
export async function unlabelOld({ context }: Pick<HaCore, 'context'>): Promise<void> {
  const { namespace, podName } = context.environment;
  const old = context.cluster.current?.status?.currentPrimary ?? '';
  if (old === '' || old === podName) return;
  const options = { signal: AbortSignal.timeout(1000) };
  await context.kube
    .patch(resource.pods, { namespace, name: old }, { metadata: { labels: noRole } }, options)
    .catch(() => undefined);
}

/** Resolves to whether it is done. */
export async function labelSelf({ context }: Pick<HaCore, 'context'>): Promise<boolean> {
  const { namespace, podName } = context.environment;
  const patch = { metadata: { labels: roleLabels(instanceRole.primary) } };
  const options = { signal: AbortSignal.timeout(3000) };
  return context.kube.patch(resource.pods, { namespace, name: podName }, patch, options).then(
    () => true,
    (error: unknown) => {
      // What is gone needs no label.
      if (isNotFound(error)) return true;
      context.log.warn({ err: error }, 'The own pod was not labelled as primary; it is tried again');
      return false;
    },
  );
}

/** Says in the Cluster's status who is primary; who asks for another one from now on asks us. Resolves to whether it is done. */
export async function publishPrimary({ context }: Pick<HaCore, 'context'>): Promise<boolean> {
  const { namespace, clusterName, podName } = context.environment;
  const now = micro(new Date());
  const status = {
    ...{ currentPrimary: podName, currentPrimaryTimestamp: now },
    ...{ targetPrimary: podName, targetPrimaryTimestamp: now },
  };
  const options = { signal: AbortSignal.timeout(5000) };
  return context.kube.patchStatus(resource.clusters, { namespace, name: clusterName }, { status }, options).then(
    () => true,
    (error: unknown) => {
      context.log.warn({ err: error }, 'The primary was not published; it is tried again');
      return false;
    },
  );
}

/** Wakes those who would see it in the lease a moment later. */
export async function tellPeers(core: HaCore, epoch: number): Promise<void> {
  const { podIp } = core.context.environment;
  await core.peers.askAll('leads', others(core), { epoch, ...(podIp === '' ? {} : { address: podIp }) }, 400);
}
