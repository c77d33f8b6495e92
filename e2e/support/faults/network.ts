import { shared } from '../shared.ts';
import { type Fault, fault } from './fault.ts';
import { kubeIsHere, nodeScript, servicesBy } from './kube.ts';
import { nodeNumber, otherNode } from './nodes.ts';

/** What can happen to a node's network; its processes go on. */
export interface NetworkFaults {
  /** From everything: other nodes, the API server, this machine. */
  readonly cutOff: (node: string) => Promise<Fault>;
  /** From the other nodes; the API server still answers. */
  readonly cutFromPeers: (node: string) => Promise<Fault>;
  /** From the API server; the other nodes still answer. */
  readonly cutFromApi: (node: string) => Promise<Fault>;
  /** What it sends does not arrive at the other nodes and the API server; what they send arrives there. */
  readonly mute: (node: string) => Promise<Fault>;
}

const all = [1, 2, 3];
const others = (node: number): number[] => all.filter((other) => other !== node);

async function perform(node: string, does: readonly string[][], undoes: readonly string[][]): Promise<Fault> {
  await servicesBy(otherNode(node));
  for (const args of does) await nodeScript(...args);
  return fault(async () => {
    for (const args of undoes) await nodeScript(...args);
  });
}

const kubernetes: NetworkFaults = {
  cutOff: (node) => {
    const number = String(nodeNumber(node));
    return perform(node, [['cut', number]], [['heal', number]]);
  },
  cutFromPeers: (node) => {
    const pairs = others(nodeNumber(node)).map((other) => [String(nodeNumber(node)), String(other)]);
    return perform(
      node,
      pairs.map((pair) => ['split', ...pair]),
      pairs.map((pair) => ['join', ...pair]),
    );
  },
  cutFromApi: (node) => {
    const number = String(nodeNumber(node));
    return perform(node, [['mute', number, 'cp']], [['unmute', number, 'cp']]);
  },
  mute: (node) => {
    const number = String(nodeNumber(node));
    const targets = [...others(nodeNumber(node)).map(String), 'cp'];
    return perform(
      node,
      targets.map((target) => ['mute', number, target]),
      targets.map((target) => ['unmute', number, target]),
    );
  },
};

/** Undefined where networks cannot be broken: pods of the embedded engine share the machine's loopback interface. */
export const networkFaults = (): NetworkFaults | undefined =>
  shared().engine === 'kubernetes' && kubeIsHere() ? kubernetes : undefined;
