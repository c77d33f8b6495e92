import type { Pod } from '../../../src/kube/objects.ts';
import { resource } from '../../../src/kube/resource-types.ts';
import { freezeNode, powerOff, powerOn, thawNode } from '../../../src/local/node/stop.ts';
import { shared } from '../shared.ts';
import { type Fault, fault } from './fault.ts';
import { kubeIsHere, nodeScript, servicesBy } from './kube.ts';
import type { PodName } from './processes.ts';

/** What can happen to a whole node. */
export interface NodeFaults {
  /** Everything on it is killed at once; its disks stay. */
  readonly powerOff: (node: string) => Promise<Fault>;
  /** Every process of it stands still. */
  readonly freeze: (node: string) => Promise<Fault>;
}

export async function nodeOf({ platform, namespace, pod }: PodName): Promise<string> {
  const found = await platform.api.get<Pod>(resource.pods, { namespace, name: pod });
  const node = found?.spec?.nodeName;
  if (node === undefined) throw new Error(`pod ${pod} has no node`);
  return node;
}

/** e2e/kube calls its nodes n1 to n9. */
export const nodeNumber = (node: string): number => Number(node.slice(1));
export const otherNode = (node: string): number => (nodeNumber(node) % 3) + 1;

const embedded: NodeFaults = {
  powerOff: async (name) => {
    const node = { dataDir: shared().data ?? '', name };
    await powerOff(node);
    return fault(() => powerOn(node));
  },
  freeze: async (name) => {
    const node = { dataDir: shared().data ?? '', name };
    const frozen = await freezeNode(node);
    return fault(() => thawNode(node, frozen));
  },
};

const kubernetes: NodeFaults = {
  powerOff: async (node) => {
    await servicesBy(otherNode(node));
    const number = String(nodeNumber(node));
    await nodeScript('kill', number);
    return fault(() => nodeScript('start', number));
  },
  freeze: async (node) => {
    await servicesBy(otherNode(node));
    const number = String(nodeNumber(node));
    await nodeScript('freeze', number);
    return fault(() => nodeScript('thaw', number));
  },
};

/** Undefined where nodes cannot be broken: on a Kubernetes that is not ours. */
export function nodeFaults(): NodeFaults | undefined {
  if (shared().engine === 'local') return embedded;
  return kubeIsHere() ? kubernetes : undefined;
}
