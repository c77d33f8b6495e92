import { readWriteService, role } from '../../naming.ts';
import { slotWishes, type SlotWishes } from '../cluster/slot-wishes.ts';
import type { InstanceContext } from '../context/context.ts';
import { replicates, servesAsPrimary, type InstanceView } from '../world/view.ts';
import { applyPrimary, applyStandby, dropSlots, localSlots, type Query } from './apply.ts';
import { planPrimary, planStandby } from './plan.ts';
import { upstreamSlots } from './upstream.ts';

/** Milliseconds that a slot of an unknown instance is kept: its instance may be about to be listed. */
const patience = 600_000;

/** Keeps the replication slots of this instance (reference §2.11). */
export function reconcileSlots(context: InstanceContext): (view: InstanceView) => Promise<void> {
  const orphanedSince = new Map<string, number>();
  const { session, environment, log } = context;
  const query: Query = (sql, values) => session.query(sql, values);
  let advancedAt = 0;

  /** A slot for each other instance, none for those that are no more. A clone in the making has its slot before it has a pod. */
  const onPrimary = async (wishes: SlotWishes): Promise<void> => {
    const plan = planPrimary(await localSlots(query), wishes);
    await applyPrimary(query, plan);
    for (const name of orphanedSince.keys()) if (!plan.orphans.includes(name)) orphanedSince.delete(name);
    for (const name of plan.orphans) if (!orphanedSince.has(name)) orphanedSince.set(name, Date.now());
    const old = plan.orphans.filter((name) => Date.now() - (orphanedSince.get(name) ?? Date.now()) > patience);
    await dropSlots(query, old);
    const { create, renew, drop } = plan;
    const changed = [...create, ...renew, ...drop, ...old];
    if (changed.length > 0) log.info({ create, renew, drop: [...drop, ...old] }, 'Replication slots changed');
  };

  /** Copies of the primary's slots, so that a promotion finds the WAL that the others still need. */
  const onStandby = async (wishes: SlotWishes, ip: string, major: number): Promise<void> => {
    const { paths, clusterName, port } = environment;
    const address = { ip, port, servername: readWriteService(clusterName), user: role.replication };
    const upstream = await upstreamSlots(address, paths.certificates);
    const own = upstream.find(({ name }) => name === wishes.own);
    if (wishes.highAvailability) context.ha.slotSeen(own === undefined ? undefined : { lost: own.lost });
    const plan = planStandby(upstream, await localSlots(query), wishes, major);
    await applyStandby(query, plan);
    const { create, drop } = plan;
    if (create.length + drop.length > 0) log.info({ create, drop }, 'Replication slots changed');
  };

  return async (view) => {
    if (!view.cluster || view.data.state !== 'valid') return;
    const wishes = slotWishes(view.cluster, environment.podName);
    if (servesAsPrimary(view)) return onPrimary(wishes);
    const interval = (view.cluster.spec.replicationSlots?.updateInterval ?? 30) * 1000;
    const primary = context.ha.primary;
    if (!replicates(view) || !primary || primary.instance === environment.podName) return;
    if (Date.now() - advancedAt < interval) return;
    advancedAt = Date.now();
    await onStandby(wishes, primary.ip, view.data.major);
  };
}
