import type { Acknowledgement } from '../../../e2e/support/checker/overlap.ts';
import type { Inserted } from '../../../e2e/support/checker/acknowledged.ts';
import { insideSession } from '../../../e2e/support/faults/inside-session.ts';
import { kubeIsHere, servicesBy } from '../../../e2e/support/faults/kube.ts';
import { nodeOf, otherNode } from '../../../e2e/support/faults/nodes.ts';
import { connect } from '../../../e2e/support/sql.ts';
import { waitFor } from '../../../e2e/support/wait.ts';
import { WriteLoad } from '../../../e2e/support/write-load.ts';
import type { FaultKind } from './kinds.ts';
import type { Subject } from './subject.ts';

/** Clients give up what is not answered: a node without power never answers. Milliseconds. */
const patience = { patience: 1500, connectPatience: 1000 };

export interface Written extends Inserted {
  readonly table: string;
  readonly acknowledgements: readonly (Acknowledgement & { readonly id: number })[];
}

/** Writes to one instance, by a session that was open before it is harmed and does not come back. */
interface OpenSession extends AsyncDisposable {
  readonly count: number;
  stop(): Promise<Written>;
}

async function openSession(subject: Subject, primary: string, table: string): Promise<OpenSession> {
  const connections = await subject.connections({ instance: primary });
  const options = { table, clients: 1, patience: 5000, pause: 5, reconnects: false };
  const load = await WriteLoad.start(connections, options);
  return {
    get count() {
      return load.count;
    },
    stop: async () => ({ table, ...(await load.stop()) }),
    [Symbol.asyncDispose]: () => load[Symbol.asyncDispose](),
  };
}

/** The same by a client on the primary's node, which a cut of the network does not part from it. */
async function sessionOnNode(subject: Subject, primary: string, table: string): Promise<OpenSession> {
  const { platform, namespace, cluster } = subject;
  await using session = await connect(platform.api, { namespace, cluster, to: 'rw' });
  await session.query(`create table ${table} (id bigint not null)`);
  const config = await (await subject.connections({ instance: primary }))();
  const inside = await insideSession(await nodeOf({ platform, namespace, pod: primary }), config, table);
  const written = (): Written => {
    const { acknowledgements } = inside;
    const acknowledged = new Set(acknowledgements.map(({ id }) => id));
    // It sends one after the other.
    return { table, acknowledgements, acknowledged, inDoubt: new Set([acknowledgements.length + 1]) };
  };
  return {
    get count() {
      return inside.acknowledgements.length;
    },
    stop: async () => {
      await waitFor('the end of the session on the node', async () => (inside.ended ? true : undefined));
      return written();
    },
    [Symbol.asyncDispose]: () => inside[Symbol.asyncDispose](),
  };
}

/** Four clients through `-rw`, and the session that was open before. */
export interface Load extends AsyncDisposable {
  readonly clients: WriteLoad;
  /** Waits for so many more acknowledged commits of the clients. */
  more(count: number): Promise<void>;
  stop(): Promise<{ readonly gap: number; readonly all: readonly Written[] }>;
}

export async function startLoad(subject: Subject, kind: FaultKind, primary: string, table: string): Promise<Load> {
  const { platform, namespace } = subject;
  if (platform.engine === 'kubernetes' && kubeIsHere()) {
    // This machine's way to the services must not lead by the node that is about to go.
    await servicesBy(otherNode(await nodeOf({ platform, namespace, pod: primary })));
  }
  const opener = kind.name === 'node-cut' ? sessionOnNode : openSession;
  await using started = new AsyncDisposableStack();
  const open = started.use(await opener(subject, primary, `${table}_open`));
  const clients = started.use(await WriteLoad.start(await subject.connections('rw'), { table, ...patience }));
  const more = async (count: number): Promise<void> => {
    const goal = clients.count + count;
    await waitFor('writes', async () => (clients.count >= goal ? true : undefined), { timeout: 120_000, every: 20 });
  };
  await waitFor('writes of the open session', async () => (open.count > 5 ? true : undefined), { every: 20 });
  await more(200);
  const stack = started.move();
  return {
    clients,
    more,
    stop: async () => {
      const report = await clients.stop();
      return { gap: report.longestGap, all: [{ table, ...report }, await open.stop()] };
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
