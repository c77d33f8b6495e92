import type { Cluster } from '../api/generated/cluster.ts';
import { annotation } from '../labels.ts';
import type { TimelineHistory } from '../postgres/timeline.ts';
import { readTimelineHistory } from './timeline-history.ts';
import type { InstanceContext } from './context.ts';
import { servesAsPrimary, type InstanceView } from './view.ts';
import { Archiver } from './wal/archive.ts';
import { ArchiveSource, type SectionAt } from './wal/archive-source.ts';
import { ArchivingReporter, conditionWriter } from './wal/condition.ts';
import { Restorer } from './wal/restore.ts';
import type { WalHandlers, WalRestorer } from './wal-port.ts';

export interface WalServices extends WalHandlers {
  readonly source: ArchiveSource;
  readonly section: () => SectionAt | undefined;
}

/** Milliseconds that one request of restore_command may go on asking a store that does not answer. */
const restorePatience = 10_000;

export function archiveSection(cluster: Cluster | undefined): SectionAt | undefined {
  const section = cluster?.spec.backup?.barmanObjectStore;
  return cluster && section
    ? { section, field: 'spec.backup.barmanObjectStore', defaultServer: cluster.metadata.name }
    : undefined;
}

/**
 * A standby must not turn to a timeline that its cluster has not: one left in the archive by another life of the database, or
 * by a primary that is not yet known to be one (reference §2.15).
 */
function gated(restorer: WalRestorer, cluster: () => Cluster | undefined): WalRestorer {
  return {
    async restore(file, path, signal) {
      const known = cluster()?.status?.timelineID ?? 0;
      const asked = /^([0-9A-F]{8})\.history$/.exec(file)?.[1];
      if (asked !== undefined && known > 0 && Number.parseInt(asked, 16) > known) return { outcome: 'absent' };
      return restorer.restore(file, path, signal);
    },
  };
}

/** The archive's two sides, fed from what the manager observes. */
export function walServices(context: InstanceContext, view: () => InstanceView | undefined): WalServices {
  const { environment, kube, cluster, log, session, signal } = context;
  const section = (): SectionAt | undefined => archiveSection(cluster.current);
  const source = new ArchiveSource(kube, environment.namespace, section);
  const control = () => {
    const data = view()?.data;
    if (data?.state !== 'valid') throw new Error('the data directory cannot be read');
    return data.control;
  };
  const history = async (): Promise<TimelineHistory | undefined> => {
    const [row] = await session.query<{ timeline: number }>(
      `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline`,
    );
    return row ? readTimelineHistory(environment.paths.data, row.timeline) : undefined;
  };
  const key = { namespace: environment.namespace, name: environment.clusterName };
  const archiver = new Archiver({
    dataDirectory: environment.paths.data,
    source,
    isPrimary: () => servesAsPrimary(view()),
    systemIdentifier: async () => control().systemIdentifier,
    history,
    segmentSize: async () => control().walSegmentSize,
    skipEmptyCheck: () => cluster.current?.metadata.annotations?.[annotation.skipEmptyWalArchiveCheck] === 'enabled',
    reporter: new ArchivingReporter(conditionWriter(kube, key, signal), log),
    log: log.child({ logger: 'wal-archive' }),
    signal,
  });
  const restorer = new Restorer({
    dataDirectory: environment.paths.data,
    source,
    segmentSize: async () => control().walSegmentSize,
    history: async () => undefined,
    onFailure: 'stream',
    patience: restorePatience,
    log: log.child({ logger: 'wal-restore' }),
    signal,
  });
  return { archiver, restorer: gated(restorer, () => cluster.current), source, section };
}
