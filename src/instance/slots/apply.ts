import type { PrimaryPlan, Slot, StandbyPlan } from './plan.ts';
import { slotsQuery, type SlotRow } from './query.ts';

/** What is asked of the server beside us. */
export type Query = <R extends Record<string, unknown>>(sql: string, values?: unknown[]) => Promise<R[]>;

export const localSlots = (query: Query): Promise<Slot[]> => query<SlotRow>(slotsQuery);

const create = (query: Query, name: string): Promise<unknown> =>
  query('SELECT pg_catalog.pg_create_physical_replication_slot($1, true)', [name]);

/** One that somebody uses meanwhile stays. */
const drop = (query: Query, name: string): Promise<unknown> =>
  query(
    `SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots
      WHERE slot_name = $1 AND NOT active`,
    [name],
  );

export async function applyPrimary(query: Query, plan: PrimaryPlan): Promise<void> {
  for (const name of plan.drop) await drop(query, name);
  for (const name of plan.renew) await drop(query, name);
  for (const name of [...plan.create, ...plan.renew]) await create(query, name);
}

export const dropSlots = async (query: Query, names: readonly string[]): Promise<void> => {
  for (const name of names) await drop(query, name);
};

export async function applyStandby(query: Query, plan: StandbyPlan): Promise<void> {
  await dropSlots(query, plan.drop);
  for (const name of plan.create) await create(query, name);
  for (const { name, lsn } of plan.advance) {
    // A slot moves forward only, and not beyond what this server has itself.
    await query(
      `SELECT pg_catalog.pg_replication_slot_advance(slot_name, LEAST($2::pg_lsn, pg_catalog.pg_last_wal_replay_lsn()))
         FROM pg_catalog.pg_replication_slots
        WHERE slot_name = $1 AND NOT active AND restart_lsn < LEAST($2::pg_lsn, pg_catalog.pg_last_wal_replay_lsn())`,
      [name, lsn],
    );
  }
}
