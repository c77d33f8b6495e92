import type { Cluster } from '../../../api/generated/cluster.ts';
import { annotation, jobRole } from '../../../labels.ts';
import { hasDatabase, hasEnded, isTerminating, members, type Instance, type World } from '../world.ts';
import { isInitialized } from './initialized.ts';

export interface BesideJob {
  readonly act: 'create' | 'remove';
  readonly instance: Instance;
}

/**
 * Pods that are made while initdb's Job is at work, and taken away when it is not: a Job that has no place yet, or none any more, never
 * finds its instance's pod in it. One that has its database stays.
 */
export function besideJob(cluster: Cluster, world: World): BesideJob[] {
  const initialized = isInitialized(cluster, world);
  return members(world).flatMap((instance): BesideJob[] => {
    const { filled, job, pod } = instance;
    if (filled || hasDatabase(instance) || job?.state === 'succeeded') return [];
    const atWork = job?.role === jobRole.initdb && job.state === 'running' && job.placed;
    if (pod === undefined) return atWork ? [{ act: 'create', instance }] : [];
    const beside = pod.metadata?.annotations?.[annotation.startsBeside] !== undefined;
    if (!beside || isTerminating(pod) || (job === undefined && initialized)) return [];
    return atWork && !hasEnded(pod) ? [] : [{ act: 'remove', instance }];
  });
}
