import type pg from 'pg';
import type { Logger } from 'pino';
import { annotation } from '../../labels.ts';
import { type CatalogEntry, readCatalog } from './catalog.ts';
import { chainOf } from './chain.ts';
import type { Archive } from '../wal/archive-source.ts';
import { withClient } from './server-facts.ts';
import { type BackupExtent, readManifest } from './take.ts';

/** What annotations of a Backup ask for (docs/extensions.md). */
export interface ExtentRequest {
  /** `latest`, or a backup's id or name in the archive. */
  readonly incrementalFrom?: string;
  /** KiB per second. */
  readonly maxRate?: number;
}

interface ExtentContext {
  readonly archive: Archive;
  readonly asked: ExtentRequest;
  readonly sql: pg.ClientConfig;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const units: Record<string, number> = { Ki: 1, Mi: 1 << 10, Gi: 1 << 20 };

/** Throws with the annotation's name for a value that cannot be used. PostgreSQL takes 32 KiB/s to 1 GiB/s. */
export function parseRate(text: string): number {
  const match = /^(\d+)(Ki|Mi|Gi)$/.exec(text);
  const rate = match ? Number(match[1]) * (units[match[2] ?? ''] ?? 0) : 0;
  if (rate >= 32 && rate <= 1 << 20) return rate;
  throw new Error(
    `annotation ${annotation.maxRate}: "${text}" must be bytes per second from 32Ki to 1Gi, such as 50Mi`,
  );
}

export function extentRequest(annotations: Readonly<Record<string, string>> = {}): ExtentRequest {
  const from = annotations[annotation.incrementalFrom];
  const rate = annotations[annotation.maxRate];
  return {
    ...(from !== undefined && { incrementalFrom: from }),
    ...(rate !== undefined && { maxRate: parseRate(rate) }),
  };
}

const firstMajor = 17;

/** Throws when the server does not keep what an incremental backup is made from. */
const requireSummaries = (sql: pg.ClientConfig): Promise<void> =>
  withClient(sql, async (client) => {
    const { rows } = await client.query<{ version: string; summarize: string | null }>(
      `SELECT pg_catalog.current_setting('server_version_num') AS version,
              pg_catalog.current_setting('summarize_wal', true) AS summarize`,
    );
    const major = Math.floor(Number(rows[0]?.version) / 10_000);
    const where = `annotation ${annotation.incrementalFrom}`;
    if (major < firstMajor)
      throw new Error(`${where}: PostgreSQL ${major} makes no incremental backups, 17 and later do`);
    if (rows[0]?.summarize !== 'on')
      throw new Error(`${where}: spec.postgresql.parameters.summarize_wal must be "on" for incremental backups`);
  });

function named(backups: readonly CatalogEntry[], asked: string): CatalogEntry {
  const found = backups.find(({ id, info }) => id === asked || info.backupName === asked);
  if (found) return found;
  const known = backups.map(({ id }) => id).join(', ') || 'none';
  throw new Error(
    `annotation ${annotation.incrementalFrom}: there is no complete backup "${asked}" in the archive; there is: ${known}`,
  );
}

/** Finds the backup to go on from. With `latest` and nothing to go on from, all is taken: somebody has to be first. */
export async function resolveExtent(context: ExtentContext): Promise<BackupExtent> {
  const { archive, asked, sql, log, signal } = context;
  const { incrementalFrom, maxRate } = asked;
  if (incrementalFrom === undefined) return { maxRate };
  await requireSummaries(sql);
  const catalog = await readCatalog(archive.store, archive.config.location, signal);
  const whole = catalog.backups.filter((entry) => chainOf(catalog, entry).missing === undefined);
  if (incrementalFrom !== 'latest') {
    const { id } = named(whole, incrementalFrom);
    const manifest = await readManifest(archive, id, signal);
    if (manifest) return { maxRate, parent: { id, manifest, required: true } };
    throw new Error(`annotation ${annotation.incrementalFrom}: backup "${id}" has no manifest, as Barman's have none`);
  }
  for (const { id } of whole.toReversed()) {
    const manifest = await readManifest(archive, id, signal);
    if (manifest) return { maxRate, parent: { id, manifest, required: false } };
  }
  log.info('There is no backup to go on from: all is taken');
  return { maxRate };
}
