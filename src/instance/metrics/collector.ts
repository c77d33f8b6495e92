import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { InstanceContext } from '../context/context.ts';
import type { VolumeReport } from '../disk/watch.ts';
import { Session } from '../sql/session.ts';
import { role } from '../../naming.ts';
import type { InstanceView } from '../world/view.ts';
import { defaultQueries, type MetricsQuery } from './default-queries.ts';
import { counter, gauge, gauges, type Metric } from './exposition.ts';

type Row = Record<string, unknown>;

const seconds = (time: string | undefined): number =>
  time === undefined ? 0 : Math.floor(Date.parse(time) / 1000) || 0;

const labelText = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);

/** One metric per value column of a query's result. */
export function metricsOf(query: MetricsQuery, rows: readonly Row[]): Metric[] {
  const columns = Object.entries(query.columns);
  const labels = columns.filter(([, [usage]]) => usage === 'LABEL').map(([name]) => name);
  return columns.flatMap(([name, [usage, help]]) => {
    if (usage === 'LABEL') return [];
    const samples = rows.map((row) => ({
      labels: Object.fromEntries(labels.map((label) => [label, labelText(row[label])])),
      value: row[name] === null || row[name] === undefined ? Number.NaN : Number(row[name]),
    }));
    return [{ name: `cnpg_${query.name}_${name}`, help, type: usage === 'COUNTER' ? 'counter' : 'gauge', samples }];
  });
}

const walQuery = `
  SELECT count(*) AS count, COALESCE(sum(size), 0) AS size, pg_size_bytes(current_setting('min_wal_size')) AS min,
         pg_size_bytes(current_setting('max_wal_size')) AS max, pg_size_bytes(current_setting('wal_keep_size')) AS keep,
         CASE current_setting('max_slot_wal_keep_size') WHEN '-1' THEN -1
              ELSE pg_size_bytes(current_setting('max_slot_wal_keep_size')) END AS slots_max
    FROM pg_ls_waldir()`;
const walCounters = [
  'wal_records',
  'wal_fpi',
  'wal_bytes',
  'wal_buffers_full',
  'wal_write',
  'wal_sync',
  'wal_write_time',
  'wal_sync_time',
];
const syncQuery = `SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) AS observed FROM pg_stat_replication`;

async function archiveStatus(dataDirectory: string): Promise<{ ready: number; done: number }> {
  const names = await readdir(path.join(dataDirectory, 'pg_wal/archive_status')).catch(() => []);
  const ending = (suffix: string): number => names.filter((name) => name.endsWith(suffix)).length;
  return { ready: ending('.ready'), done: ending('.done') };
}

/** A volume that does not fill has no time until it is full. */
export function volumeMetrics(volumes: readonly VolumeReport[]): Metric[] {
  const each = (name: string, help: string, of: (volume: VolumeReport) => number | undefined): Metric => ({
    ...{ name: `howdah_volume_${name}`, help, type: 'gauge' },
    samples: volumes.flatMap((report) => {
      const value = of(report);
      return value === undefined ? [] : [{ labels: { volume: report.volume }, value }];
    }),
  });
  return [
    each('size_bytes', 'Bytes of the volume that PostgreSQL can use', ({ size }) => size),
    each('free_bytes', 'Bytes that are free', ({ free }) => free),
    each('fill_rate_bytes', 'Bytes per second that free space shrank by in the last ten minutes', ({ rate }) => rate),
    each('seconds_until_full', 'Seconds until it is full at that rate', ({ secondsUntilFull }) => secondsUntilFull),
    each('low', '1 if it is nearly full or will be full within the hour', ({ low }) => (low ? 1 : 0)),
  ];
}

/** What is known without PostgreSQL. */
export async function managerMetrics(context: InstanceContext, view: InstanceView | undefined): Promise<Metric[]> {
  const { clusterName, paths } = context.environment;
  const status = view?.cluster?.status;
  const prefix = 'cnpg_collector_';
  return [
    gauge(`${prefix}up`, '1 if PostgreSQL is up, 0 otherwise', view?.postmaster.state === 'up' ? 1 : 0, {
      cluster: clusterName,
    }),
    gauge(`${prefix}fencing_on`, '1 if the instance is fenced, 0 otherwise', view?.facts.fenced === true ? 1 : 0),
    gauge(
      `${prefix}manual_switchover_required`,
      '1 if a manual switchover is required, 0 otherwise',
      status?.phase === 'Waiting for user action' ? 1 : 0,
    ),
    gauge(
      `${prefix}replica_mode`,
      '1 if the cluster is a replica cluster, 0 otherwise',
      view?.cluster?.spec.replica?.enabled === true ? 1 : 0,
    ),
    gauge(
      `${prefix}nodes_used`,
      'Number of nodes that the instances run on, -1 if unknown',
      status?.topology?.nodesUsed ?? -1,
    ),
    ...volumeMetrics(context.disks.volumes),
    gauges(
      `${prefix}pg_wal_archive_status`,
      'Number of WAL segments by the state of their archiving',
      await archiveStatus(paths.data),
    ),
    gauge(
      `${prefix}first_recoverability_point`,
      'First point of recoverability as a UNIX time',
      seconds(status?.firstRecoverabilityPoint),
    ),
    gauge(
      `${prefix}last_available_backup_timestamp`,
      'Last available backup as a UNIX time',
      seconds(status?.lastSuccessfulBackup),
    ),
    gauge(
      `${prefix}last_failed_backup_timestamp`,
      'Last failed backup as a UNIX time',
      seconds(status?.lastFailedBackup),
    ),
  ];
}

/** Collections so far, for the metrics about themselves. */
export class Collector {
  readonly #context: InstanceContext;
  #collections = 0;
  #errors = 0;
  #failed = false;

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  /** Asks the server, as the exporter's role. What fails is counted and left out. */
  async collect(view: InstanceView): Promise<Metric[]> {
    const { paths, port } = this.#context.environment;
    await using session = new Session({
      socketDirectory: paths.sockets,
      port,
      user: role.metrics,
      applicationName: role.metrics,
    });
    this.#collections += 1;
    this.#failed = false;
    const begun = performance.now();
    const attempt = async (work: () => Promise<Metric[]>): Promise<Metric[]> => {
      try {
        return await work();
      } catch (error) {
        this.#errors += 1;
        this.#failed = true;
        this.#context.log.debug({ err: error }, 'A metric could not be collected');
        return [];
      }
    };
    const major = view.data.state === 'valid' ? view.data.major : 0;
    const primary = view.server?.standby === false;
    const metrics = await attempt(async () => {
      await session.query('SET default_transaction_read_only = on');
      return this.#own(session, major);
    });
    for (const query of defaultQueries) {
      const applies =
        (query.from ?? 0) <= major && major <= (query.until ?? 99) && (primary || query.primaryOnly !== true);
      if (applies) metrics.push(...(await attempt(async () => metricsOf(query, await session.query(query.sql)))));
    }
    return [...metrics, ...this.#itself((performance.now() - begun) / 1000)];
  }

  async #own(session: Session, major: number): Promise<Metric[]> {
    const prefix = 'cnpg_collector_';
    const [version] = await session.query<{ full: string }>("SELECT current_setting('server_version') AS full");
    const full = version?.full.split(' ')[0] ?? '';
    const [wal = {}] = await session.query(walQuery);
    const [sync] = await session.query<{ observed: string }>(syncQuery);
    const columns = major >= 18 ? walCounters.slice(0, 4) : walCounters;
    const [counters = {}] = await session.query(
      `SELECT ${columns.join(', ')}, stats_reset::text AS stats_reset FROM pg_stat_wal`,
    );
    const reset = { stats_reset: labelText(counters['stats_reset']) };
    return [
      gauge(
        `${prefix}postgres_version`,
        'Version of PostgreSQL',
        Number(full.split('.').slice(0, 2).join('.')) || undefined,
        {
          cluster: this.#context.environment.clusterName,
          full,
        },
      ),
      gauges(
        `${prefix}pg_wal`,
        'WAL files: number, bytes and the limits that apply',
        Object.fromEntries(Object.entries(wal).map(([key, value]) => [key, Number(value)])),
      ),
      gauges(`${prefix}sync_replicas`, 'Synchronous replicas', { observed: Number(sync?.observed ?? 0) }),
      ...columns.map((name) => gauge(`${prefix}${name}`, `${name} of pg_stat_wal`, Number(counters[name]), reset)),
    ];
  }

  #itself(duration: number): Metric[] {
    const prefix = 'cnpg_collector_';
    return [
      counter(`${prefix}collections_total`, 'Number of collections', this.#collections),
      counter(`${prefix}collection_errors_total`, 'Number of errors during collections', this.#errors, {
        collector: 'Collect.up',
      }),
      gauge(`${prefix}last_collection_error`, '1 if the last collection had an error', this.#failed ? 1 : 0),
      gauge(`${prefix}collection_duration_seconds`, 'Duration of the last collection', duration, {
        collector: 'Collect.up',
      }),
      gauge('cnpg_last_update_timestamp', 'When the values were collected', Math.floor(Date.now() / 1000)),
    ];
  }
}
