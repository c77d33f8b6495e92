import { setTimeout as sleep } from 'node:timers/promises';
import { longestOverlap } from '../../../e2e/support/checker/overlap.ts';
import { getCluster, type ClusterObject } from '../../../e2e/support/cluster.ts';
import { lostEverywhere } from '../../../e2e/support/faults/everywhere.ts';
import { connect } from '../../../e2e/support/sql.ts';
import { waitFor } from '../../../e2e/support/wait.ts';
import type { FaultKind } from './kinds.ts';
import { type Load, startLoad, type Written } from './load.ts';
import type { Subject } from './subject.ts';

type RoleChange = NonNullable<NonNullable<ClusterObject['status']>['roleChanges']>[number];

export interface Run {
  /** Longest time between two acknowledged commits of the four clients, milliseconds. */
  readonly gap: number;
  /** Of the clients and of the session that was open before. */
  readonly acknowledged: number;
  readonly lost: number;
  /** Lost, though sent more than a second before the fault began: nothing excuses that. */
  readonly lostBefore: number;
  /** How long two acknowledged in turn, by the time of sending, milliseconds; undefined when one was done before the other began. */
  readonly overlap?: number;
  readonly from: string;
  readonly to: string;
  /** As status.roleChanges tells it. */
  readonly change?: RoleChange;
}

const statusOf = async ({ platform, namespace, cluster }: Subject): Promise<NonNullable<ClusterObject['status']>> =>
  (await getCluster(platform.api, namespace, cluster))?.status ?? {};

async function begun(subject: Subject, kind: FaultKind, primary: string, load: Load): Promise<void> {
  if (kind.until === 'moved') {
    const moved = async (): Promise<true | undefined> =>
      (await statusOf(subject)).currentPrimary === primary ? undefined : true;
    await waitFor('another primary', moved, { timeout: 120_000 });
  } else if (kind.until === 'cut') {
    const cut = async (): Promise<true | undefined> => (load.clients.errors > 0 ? true : undefined);
    await waitFor('the sessions to be cut', cut, { timeout: 60_000, every: 20 });
  }
  // Longer than any fault takes to begin for the last of the clients.
  await sleep(1000);
}

/** When each was sent, by the server's clock. */
const sentAt = ({ acknowledgements }: Written): Map<number, number> =>
  new Map(acknowledgements.map(({ id, sent }) => [id, sent]));

/**
 * One fault under load, until all is well again and every acknowledged row has been looked for on every instance. Whoever owns the
 * resources ends what is left of load and fault, at whatever moment.
 */
export async function once(
  subject: Subject,
  kind: FaultKind,
  table: string,
  resources: AsyncDisposableStack,
): Promise<Run> {
  const from = await subject.settled();
  const known = new Set((await statusOf(subject)).roleChanges?.map(({ epoch }) => epoch));
  const load = resources.use(await startLoad(subject, kind, from, table));
  const harmedAt = Date.now();
  const harm = resources.use(await kind.harm(subject, from));
  await begun(subject, kind, from, load);
  await load.more(200);
  const { gap, all } = await load.stop();
  await harm.repair();
  const to = await subject.settled();

  const { platform, namespace, cluster } = subject;
  let [lost, lostBefore] = [0, 0];
  for (const written of all) {
    const gone = await lostEverywhere(subject, written, written.table);
    const times = sentAt(written);
    lost += gone.length;
    lostBefore += gone.filter((id) => (times.get(id) ?? 0) < harmedAt - 1000).length;
  }
  await using session = await connect(platform.api, { namespace, cluster, to: 'rw' });
  for (const written of all) await session.query(`drop table ${written.table}`);
  const acknowledgements = all.flatMap((written) => written.acknowledgements);
  const change = (await statusOf(subject)).roleChanges?.findLast(({ epoch }) => !known.has(epoch));
  const overlap = longestOverlap(acknowledgements)?.milliseconds;
  return {
    gap,
    acknowledged: acknowledgements.length,
    lost,
    lostBefore,
    ...(overlap !== undefined && { overlap }),
    from,
    to,
    ...(change && { change }),
  };
}
