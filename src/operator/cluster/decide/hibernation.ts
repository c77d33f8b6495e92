import type { Cluster } from '../../../api/generated/cluster.ts';
import { annotation } from '../../../labels.ts';
import { conditionType, phase } from '../phase-names.ts';
import { isTerminating, type Instance, type World } from '../world.ts';

/** `reason`s are those of CloudNativePG's condition (reference §2.28). */
export type Hibernation =
  | { readonly kind: 'awake' }
  | { readonly kind: 'wake-up' }
  | { readonly kind: 'refuse'; readonly reason: 'WrongAnnotationValue'; readonly message: string }
  | { readonly kind: 'wait'; readonly reason: 'WaitingForHealthy' | 'WaitingPodsDeletion'; readonly message: string }
  | {
      readonly kind: 'delete';
      readonly reason: 'DeletingPods';
      readonly message: string;
      readonly of: readonly Instance[];
    }
  | { readonly kind: 'asleep'; readonly reason: 'Hibernated'; readonly message: string };

const list = (instances: readonly Instance[]): string => instances.map(({ name }) => name).join(', ');

/** How a cluster is put to sleep: the primary first, so that what it wrote last is on all; then all others at once. */
export function hibernation(cluster: Cluster, world: World): Hibernation {
  const wish = cluster.metadata.annotations?.[annotation.hibernation];
  const said = cluster.status?.conditions?.find(({ type }) => type === conditionType.hibernation);
  if (wish === undefined || wish === 'off') return said === undefined ? { kind: 'awake' } : { kind: 'wake-up' };
  if (wish !== 'on') {
    const message = `${annotation.hibernation} is "${wish}"; it must be on or off`;
    return { kind: 'refuse', reason: 'WrongAnnotationValue', message };
  }
  const begun = ['DeletingPods', 'WaitingPodsDeletion', 'Hibernated'].includes(said?.reason ?? '');
  const running = world.instances.filter(({ pod }) => pod !== undefined);
  if (!begun && cluster.status?.phase !== phase.healthy) {
    return { kind: 'wait', reason: 'WaitingForHealthy', message: 'Only a healthy cluster is hibernated' };
  }
  if (running.length === 0) return { kind: 'asleep', reason: 'Hibernated', message: 'Cluster has been hibernated' };
  const primary = running.find(({ name }) => name === cluster.status?.currentPrimary);
  const next = primary === undefined ? running : [primary];
  const staying = next.filter(({ pod }) => !isTerminating(pod));
  if (staying.length === 0) {
    return { kind: 'wait', reason: 'WaitingPodsDeletion', message: `Waiting for ${list(next)} to stop` };
  }
  return { kind: 'delete', reason: 'DeletingPods', message: `Stopping ${list(staying)}`, of: staying };
}
