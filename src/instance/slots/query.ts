import type { Slot } from './plan.ts';

/** `failover` and `synced` are columns from PostgreSQL 17 on. */
export const slotsQuery = `
  SELECT slot_name::text AS name, slot_type AS type, active, restart_lsn::text AS lsn,
         COALESCE(wal_status = 'lost', false) AS lost, (xmin IS NOT NULL OR catalog_xmin IS NOT NULL) AS "holdsRows",
         COALESCE((pg_catalog.to_jsonb(s) ->> 'synced')::boolean, false) AS synced,
         COALESCE((pg_catalog.to_jsonb(s) ->> 'failover')::boolean, false) AS failover
    FROM pg_catalog.pg_replication_slots s WHERE NOT temporary`;

export type SlotRow = Slot & Record<string, unknown>;
