import { type Fault, fault } from '../../../e2e/support/faults/fault.ts';
import { networkFaults } from '../../../e2e/support/faults/network.ts';
import { type NodeFaults, nodeFaults, nodeOf } from '../../../e2e/support/faults/nodes.ts';
import { freeze, signal } from '../../../e2e/support/faults/processes.ts';
import { resource } from '../../../src/kube/resource-types.ts';
import type { Floor } from './floor.ts';
import type { Mode, Subject } from './subject.ts';

export interface FaultKind {
  readonly name: string;
  readonly what: string;
  readonly of: 'process' | 'node';
  readonly mode: Mode;
  /** Breaks something of the primary; repaired after the writes have gone on. */
  readonly harm: (subject: Subject, primary: string) => Promise<Fault>;
  /** What must have happened before the writes afterwards are awaited: another primary named, a session cut, or nothing at all. */
  readonly until: 'moved' | 'cut' | 'soon';
  /** Commits that were acknowledged and not yet sent may be gone with a primary that nobody can ask any more (docs/guarantees.md). */
  readonly mayLose: boolean;
  /** What the p99 of the gap must stay below, milliseconds; issue B's "must reach". */
  readonly limit?: number;
  readonly floor?: keyof Floor;
  /** CloudNativePG 1.30 on the three-node Kubernetes of e2e/kube, by the same kind of load. */
  readonly peer?: string;
  /** Why this engine cannot have it, or undefined. */
  readonly missing?: () => string | undefined;
}

const nothing = fault(async () => undefined);
const podOf = ({ platform, namespace }: Subject, pod: string) => ({ platform, namespace, pod });

const noNodes = (): string | undefined => (nodeFaults() ? undefined : 'the nodes here cannot be switched off');

async function powerOff(subject: Subject, primary: string): Promise<Fault> {
  const nodes = nodeFaults() as NodeFaults;
  return nodes.powerOff(await nodeOf(podOf(subject, primary)));
}

const ofProcess = { of: 'process', mode: 'asynchronous', mayLose: false } as const;
const ofNode = { of: 'node', until: 'moved', floor: 'promote', missing: noNodes } as const;

/** Issue B's faults, in the order of its table. */
export const faultKinds: readonly FaultKind[] = [
  {
    ...ofProcess,
    name: 'crash',
    what: 'postgres killed, its manager alive',
    harm: (subject, primary) => signal(podOf(subject, primary), 'postgres', 'KILL').then(() => nothing),
    until: 'cut',
    limit: 1000,
    floor: 'restart',
    peer: '9.3–10.4 s',
  },
  {
    ...ofProcess,
    name: 'pod-deleted',
    what: 'pod deleted with 1 s of grace',
    harm: async ({ platform, namespace }, name) => {
      await platform.api.delete(resource.pods, { namespace, name }, { gracePeriodSeconds: 1 });
      return nothing;
    },
    until: 'cut',
    limit: 2000,
    floor: 'promote',
    peer: '18.7–21.7 s',
  },
  {
    ...ofProcess,
    name: 'switchover',
    what: 'switchover',
    harm: async ({ platform, namespace, cluster }, primary) => {
      const targetPrimary = `${cluster}-${(Number(primary.at(-1)) % 3) + 1}`;
      await platform.api.patchStatus(resource.clusters, { namespace, name: cluster }, { status: { targetPrimary } });
      return nothing;
    },
    until: 'moved',
    limit: 1500,
    floor: 'promote',
    peer: '8.5–8.7 s',
  },
  {
    ...ofProcess,
    name: 'manager-killed',
    what: 'manager killed, postgres alive',
    harm: (subject, primary) => signal(podOf(subject, primary), 'manager', 'KILL').then(() => nothing),
    until: 'soon',
    limit: 1000,
  },
  {
    ...ofProcess,
    name: 'manager-frozen',
    what: 'manager frozen (SIGSTOP)',
    harm: (subject, primary) => freeze(podOf(subject, primary), 'manager'),
    until: 'cut',
    mayLose: true,
    floor: 'promote',
  },
  {
    ...ofNode,
    name: 'node-lost',
    what: 'node without power, asynchronous (lease 15 s)',
    mode: 'asynchronous',
    harm: powerOff,
    mayLose: true,
    limit: 17_000,
  },
  {
    ...ofNode,
    name: 'node-cut',
    what: 'node cut off with an open session, asynchronous (lease 15 s)',
    mode: 'asynchronous',
    harm: async (subject, primary) => {
      const network = networkFaults();
      if (!network) throw new Error('no network to cut');
      return network.cutOff(await nodeOf(podOf(subject, primary)));
    },
    mayLose: true,
    limit: 17_000,
    peer: '134 s with two ackers, 2,047 of 2,362 lost',
    missing: () => (networkFaults() ? undefined : 'all nodes share one network, the loopback interface'),
  },
  {
    ...ofNode,
    name: 'node-lost-sync',
    what: 'node without power, synchronous quorum (`ANY 1`)',
    mode: 'synchronous',
    harm: powerOff,
    mayLose: false,
    limit: 5000,
    peer: '75 s',
  },
];
