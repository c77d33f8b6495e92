import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../src/kube/resource-types.ts';
import { readWriteService } from '../../src/naming.ts';
import type { Random } from '../../src/testing/simulation/random.ts';
import { apiServerDown } from '../support/faults/api-server.ts';
import { type Fault, fault } from '../support/faults/fault.ts';
import { type NetworkFaults, networkFaults } from '../support/faults/network.ts';
import { type NodeFaults, nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { operatorAway } from '../support/faults/operator.ts';
import { type Program, freeze, signal } from '../support/faults/processes.ts';
import type { StoreProxy } from '../support/faults/store-proxy.ts';
import type { Subject } from '../support/subject.ts';
import { waitFor } from '../support/wait.ts';

export interface Stage {
  readonly subject: Subject;
  readonly random: Random;
  /** When the fault began. */
  readonly primary: string;
  /** A standby, by chance. */
  readonly standby: string;
}

export interface SoakFault {
  /** With its number in docs/faults.md, where it has one. */
  readonly name: string;
  /** Breaks something and repairs it again. */
  readonly harm: (stage: Stage) => Promise<unknown>;
  /** With asynchronous replication, what had not been sent may be gone with the primary. */
  readonly mayLose?: boolean;
  /** What stood still may answer what it had begun, after another has taken over; never with a quorum. */
  readonly mayOverlap?: boolean;
}

type Whom = 'primary' | 'standby';

/** Keeps something broken for 4 to 15 s. */
async function hold({ random }: Stage, broken: Fault | Promise<Fault>): Promise<void> {
  const milliseconds = random.integer(4000, 15_000);
  await using _fault = await broken;
  await sleep(milliseconds);
}

const kill = (whom: Whom, ...programs: Program[]): SoakFault => ({
  name: `${programs.join(' and ')} of the ${whom} killed`,
  harm: async ({ subject, ...names }) => {
    for (const program of programs)
      // What the fault before has stopped may be on its way back.
      await waitFor(`${program} to kill`, () =>
        signal(subject.pod(names[whom]), program, 'KILL').then(() => true as const),
      );
  },
  mayLose: whom === 'primary',
});

const stand = (whom: Whom, program: Program, withChildren = false): SoakFault => ({
  name: `F18 F22 ${program} of the ${whom} stands still${withChildren ? ' with its children' : ''}`,
  harm: (stage) =>
    hold(
      stage,
      waitFor(`${program} to stop`, () => freeze(stage.subject.pod(stage[whom]), program, { withChildren })),
    ),
  mayLose: whom === 'primary',
});

const deleted = (whom: Whom, grace: number): SoakFault => ({
  name: `pod of the ${whom} deleted, ${grace} s of grace`,
  harm: ({ subject, ...names }) => subject.deletePod(names[whom], grace),
  mayLose: whom === 'primary' && grace === 0,
});

const ofNode = (name: string, whom: Whom, act: (node: string) => Promise<Fault>): SoakFault => ({
  name: `${name} of the ${whom}`,
  harm: async (stage) => hold(stage, act(await nodeOf(stage.subject.pod(stage[whom])))),
  mayLose: whom === 'primary',
  mayOverlap: whom === 'primary',
});

function behaving(store: StoreProxy, how: 'refuses' | 'blackhole'): Fault {
  store.behave(how);
  return fault(async () => store.behave('passes'));
}

const key = ({ namespace, cluster }: Subject): { namespace: string; name: string } => ({ namespace, name: cluster });

const always: readonly SoakFault[] = [
  kill('primary', 'postgres'),
  kill('primary', 'manager'),
  { ...kill('primary', 'manager', 'postgres'), name: 'F7 manager and postgres of the primary killed' },
  kill('standby', 'postgres'),
  kill('standby', 'manager'),
  { ...stand('primary', 'manager'), name: 'F2 F6 manager of the primary stands still' },
  stand('primary', 'postgres'),
  stand('primary', 'postgres', true),
  stand('standby', 'postgres', true),
  deleted('primary', 0),
  deleted('primary', 1),
  deleted('standby', 1),
  { name: 'switchover', harm: ({ subject, standby }) => subject.switchOver(standby) },
  {
    name: 'F8 two switchovers at once',
    harm: async ({ subject, standby, primary }) => {
      const other = (await subject.standbys()).find((name) => ![standby, primary].includes(name));
      await subject.switchOver(standby);
      await sleep(150);
      if (other) await subject.switchOver(other);
    },
  },
  {
    name: 'the operator is away and the pod of the primary is deleted',
    harm: (stage) =>
      hold(
        stage,
        operatorAway(stage.subject.platform).then(async (away) => {
          await stage.subject.deletePod(stage.primary);
          return away;
        }),
      ),
  },
  {
    name: 'F28 volume and pod of a standby deleted',
    harm: async ({ subject, standby }) => {
      const { namespace } = subject;
      await subject.platform.api.delete(resource.persistentVolumeClaims, { namespace, name: standby });
      await subject.deletePod(standby);
    },
  },
  {
    name: 'the lease is deleted',
    harm: ({ subject }) => subject.platform.api.delete(resource.leases, key(subject)),
  },
  {
    name: 'the -rw service is deleted',
    harm: ({ subject: { platform, namespace, cluster } }) =>
      platform.api.delete(resource.services, { namespace, name: readWriteService(cluster) }),
  },
];

const withArchive = (store: StoreProxy): readonly SoakFault[] => [
  { name: 'the archive refuses', harm: (stage) => hold(stage, behaving(store, 'refuses')) },
  { name: 'the archive says nothing', harm: (stage) => hold(stage, behaving(store, 'blackhole')) },
  {
    name: 'F19 switchover while the archive says nothing',
    harm: async (stage) => {
      await using _silent = behaving(store, 'blackhole');
      await stage.subject.switchOver(stage.standby);
      await sleep(stage.random.integer(4000, 10_000));
    },
  },
];

const withNodes = (nodes: NodeFaults): readonly SoakFault[] => [
  ofNode('power cut at the node', 'primary', nodes.powerOff),
  ofNode('power cut at the node', 'standby', nodes.powerOff),
  ofNode('F6 standstill of the node', 'primary', nodes.freeze),
  ofNode('standstill of the node', 'standby', nodes.freeze),
  { name: 'F20 the API server stands still', harm: (stage) => hold(stage, apiServerDown()) },
  {
    name: 'F1 the API server stands still, and so does the manager of a standby',
    harm: async (stage) => {
      await using _silent = await freeze(stage.subject.pod(stage.standby), 'manager');
      await hold(stage, apiServerDown());
    },
    mayLose: true,
  },
];

const withNetworks = (network: NetworkFaults): readonly SoakFault[] => [
  ofNode('F1 partition of the node', 'primary', network.cutOff),
  ofNode('partition of the node', 'standby', network.cutOff),
  ofNode('F1 one-way partition of the node', 'primary', network.mute),
  ofNode('partition from the API server of the node', 'primary', network.cutFromApi),
  ofNode('partition from its peers of the node', 'primary', network.cutFromPeers),
];

/** What can be provoked on this platform; `archive` stands before its store. */
export function catalogue(archive: StoreProxy | undefined): readonly SoakFault[] {
  const [nodes, network] = [nodeFaults(), networkFaults()];
  return [
    ...always,
    ...(archive ? withArchive(archive) : []),
    ...(nodes ? withNodes(nodes) : []),
    ...(network ? withNetworks(network) : []),
  ];
}
