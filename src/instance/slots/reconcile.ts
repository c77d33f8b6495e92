import { slotName } from '../../naming.ts';
import type { InstanceContext } from '../context.ts';
import { readWriteService, role } from '../../naming.ts';
import { replicates, servesAsPrimary, type InstanceView } from '../view.ts';
import { upstreamSlots, type UpstreamSlot } from './upstream.ts';

interface LocalSlot extends Record<string, unknown> {
  name: string;
  active: boolean;
  lsn: string | null;
}

const localSlots = `SELECT slot_name AS name, active, restart_lsn::text AS lsn FROM pg_catalog.pg_replication_slots
  WHERE slot_type = 'physical' AND NOT temporary AND left(slot_name, length($1)) = $1`;

function wishes({ cluster }: InstanceView): { enabled: boolean; prefix: string; instances: string[] } {
  const settings = cluster?.spec.replicationSlots?.highAvailability;
  return {
    enabled: settings?.enabled !== false,
    prefix: settings?.slotPrefix ?? '_cnpg_',
    instances: cluster?.status?.instanceNames ?? [],
  };
}

async function drop({ session, log }: InstanceContext, slot: LocalSlot): Promise<void> {
  if (slot.active) return;
  await session.query('SELECT pg_catalog.pg_drop_replication_slot($1)', [slot.name]);
  log.info({ slot: slot.name }, 'Replication slot dropped');
}

/** A slot for each other instance, none for those that are no more. A clone in the making has its slot before it has a pod. */
async function onPrimary(context: InstanceContext, view: InstanceView, missing: Map<string, number>): Promise<void> {
  const { session, environment, log } = context;
  const { enabled, prefix, instances } = wishes(view);
  const wanted = new Set(
    enabled ? instances.filter((name) => name !== environment.podName).map((name) => slotName(prefix, name)) : [],
  );
  const present = await session.query<LocalSlot>(localSlots, [prefix]);
  for (const name of wanted) {
    if (present.some((slot) => slot.name === name)) continue;
    await session.query('SELECT pg_catalog.pg_create_physical_replication_slot($1, true)', [name]);
    log.info({ slot: name }, 'Replication slot created');
  }
  for (const slot of present) {
    if (wanted.has(slot.name)) missing.delete(slot.name);
    else if (!enabled || instances.length > 0) await dropLater(context, slot, missing, enabled);
  }
}

/** Milliseconds that a slot of an unknown instance is kept: its instance may be about to be listed. */
const patience = 600_000;

async function dropLater(
  context: InstanceContext,
  slot: LocalSlot,
  missing: Map<string, number>,
  enabled: boolean,
): Promise<void> {
  const since = missing.get(slot.name) ?? Date.now();
  missing.set(slot.name, since);
  if (!enabled || Date.now() - since > patience) await drop(context, slot);
}

/** Copies of the primary's slots, so that a promotion finds the WAL that the others still need. */
async function onStandby(
  context: InstanceContext,
  view: InstanceView,
  upstream: readonly UpstreamSlot[],
): Promise<void> {
  const { session, environment } = context;
  const { prefix } = wishes(view);
  const own = slotName(prefix, environment.podName);
  const present = await session.query<LocalSlot>(localSlots, [prefix]);
  const [{ replay } = { replay: null }] = await session.query<{ replay: string | null }>(
    'SELECT pg_last_wal_replay_lsn()::text AS replay',
  );
  for (const { name, lsn } of upstream) {
    if (name === own || !name.startsWith(prefix) || lsn === null) continue;
    const local = present.find((slot) => slot.name === name);
    if (!local) await session.query('SELECT pg_catalog.pg_create_physical_replication_slot($1, true)', [name]);
    // A slot moves forward only, and not beyond what this server has itself.
    await session.query(
      `SELECT pg_catalog.pg_replication_slot_advance(slot_name, LEAST($2::pg_lsn, $3::pg_lsn))
         FROM pg_catalog.pg_replication_slots
        WHERE slot_name = $1 AND NOT active AND restart_lsn < LEAST($2::pg_lsn, $3::pg_lsn)`,
      [name, lsn, replay],
    );
  }
  for (const slot of present) {
    if (slot.name === own || !upstream.some(({ name }) => name === slot.name)) await drop(context, slot);
  }
}

/** Keeps the physical slots of the cluster's instances (reference §2.11). */
export function reconcileSlots(context: InstanceContext): (view: InstanceView) => Promise<void> {
  const missing = new Map<string, number>();
  let advancedAt = 0;
  return async (view) => {
    if (servesAsPrimary(view)) return onPrimary(context, view, missing);
    if (!replicates(view) || !view.cluster) return;
    const interval = (view.cluster.spec.replicationSlots?.updateInterval ?? 30) * 1000;
    const primary = context.ha.primary;
    if (!primary || primary.instance === context.environment.podName || Date.now() - advancedAt < interval) return;
    advancedAt = Date.now();
    const { enabled, prefix } = wishes(view);
    const { paths, clusterName, port } = context.environment;
    const address = { ip: primary.ip, port, servername: readWriteService(clusterName), user: role.replication };
    await onStandby(context, view, enabled ? await upstreamSlots(address, paths.certificates, prefix) : []);
  };
}
