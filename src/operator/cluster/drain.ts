import type { Node } from '../../kube/objects.ts';
import type { ReadStore } from '../../kube/store.ts';
import type { Instance } from './world.ts';

/** Why no pod shall stay on a node: cordoned, or one of the taints of whoever takes nodes away (reference §2.29). */
export function drainedFor(node: Node | undefined, taints: readonly string[]): string | undefined {
  if (node?.spec?.unschedulable === true) return 'it is cordoned';
  const taint = node?.spec?.taints?.find(({ key }) => taints.includes(key));
  return taint === undefined ? undefined : `it has the taint ${taint.key}`;
}

/** The same of the node that an instance's pod runs on. */
export const drained = (
  { pod }: Pick<Instance, 'pod'>,
  nodes: Pick<ReadStore<Node>, 'get'>,
  taints: readonly string[],
): string | undefined =>
  pod?.spec?.nodeName === undefined ? undefined : drainedFor(nodes.get(undefined, pod.spec.nodeName), taints);
