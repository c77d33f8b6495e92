import path from 'node:path';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { objectStoreNames } from '../../api/cluster/plugin-store.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { annotation } from '../../labels.ts';
import type { InstancePaths } from '../../paths.ts';
import { parseControlData } from '../../postgres/control-data.ts';
import { patientAttempts } from '../../objectstore/retry.ts';
import { preloadLibraries } from '../../postgres/parameters.ts';
import { quoteCommandWord } from '../../postgres/quote.ts';
import { application } from '../../resources/secret-names.ts';
import { credentialsByRole } from '../iam/child.ts';
import { readObjectStores } from '../cluster/object-store-source.ts';
import { findProgram } from '../programs/find.ts';
import { type Archive, ArchiveSource } from '../wal/archive-source.ts';
import { patientReads } from '../replication/patient-api.ts';
import { Restorer } from '../wal/restore.ts';
import { archiveSection } from '../wal/archive-section.ts';
import { noteRestore } from './restored.ts';
import { findOrigin } from './origin.ts';
import { recover } from './recover.ts';
import { parseTarget } from './target.ts';
import { serveWal } from './wal-server.ts';

export interface RestoreDeps {
  readonly kube: Pick<KubeApi, 'get'>;
  readonly namespace: string;
  readonly clusterName: string;
  readonly paths: InstancePaths;
  /** HOWDAH_BIND on the embedded engine. */
  readonly bind: string | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** How long an object store that does not answer is asked again before recovery is given up, and with it this try of the job. */
const patience = 300_000;

/** What of the user's parameters matters while WAL is replayed. */
const relevant =
  /^(shared_buffers|huge_pages|wal_decode_buffer_size|recovery_prefetch|maintenance_io_concurrency|max_connections|max_worker_processes|max_wal_senders|max_prepared_transactions|max_locks_per_transaction)$/;

function settingsOf(cluster: Cluster): Record<string, string> {
  const { parameters = {}, shared_preload_libraries: libraries = [] } = cluster.spec.postgresql ?? {};
  return {
    ...Object.fromEntries(Object.entries(parameters).filter(([name]) => relevant.test(name))),
    shared_preload_libraries: preloadLibraries(libraries, parameters).join(','),
  };
}

async function required(source: ArchiveSource, signal: AbortSignal): Promise<Archive> {
  const archive = await source.get(signal);
  if (!archive) throw new Error('there is no archive to restore from');
  return archive;
}

/** `howdah instance restore`: makes PGDATA from a backup and the archived WAL. Ready for `instance run` as a primary. */
export async function runRestore(deps: RestoreDeps): Promise<void> {
  const { namespace, clusterName: name, paths, log, signal } = deps;
  const kube = patientReads(deps.kube, signal);
  const cluster = await kube.get<Cluster>(resource.clusters, { namespace, name }, { signal });
  if (!cluster) throw new Error(`Cluster "${name}" does not exist`);
  const stores = await readObjectStores(kube, namespace, objectStoreNames(cluster), signal);
  const { at, backupId } = await findOrigin(kube, cluster, namespace, stores, signal);
  const find = credentialsByRole(log.level);
  using originSource = new ArchiveSource(kube, namespace, () => at, { find, attempts: patientAttempts });
  using ownSource = new ArchiveSource(kube, namespace, () => archiveSection(cluster, stores), { find });
  const segmentSize = async (): Promise<number> =>
    parseControlData(await readFile(path.join(paths.data, 'global/pg_control'))).walSegmentSize;
  const restorer = new Restorer({
    dataDirectory: paths.data,
    source: originSource,
    segmentSize,
    history: () => Promise.resolve(undefined),
    onFailure: 'stop',
    patience,
    log,
    signal,
  });
  await using wal = await serveWal({ restorer }, deps.bind ?? '127.0.0.1', signal);
  const target = parseTarget(cluster.spec.bootstrap?.recovery?.recoveryTarget);
  const result = await recover({
    origin: await required(originSource, signal),
    destination: await ownSource.get(signal),
    skipEmptyCheck: cluster.metadata.annotations?.[annotation.skipEmptyWalArchiveCheck] === 'enabled',
    target: { ...target, backupId: target.backupId ?? backupId },
    place: {
      data: paths.data,
      wal: cluster.spec.walStorage === undefined ? undefined : paths.wal,
      tablespaces: paths.tablespaces,
    },
    state: paths.state,
    directory: path.join(paths.temporary, 'recovery'),
    program: async (major) => (await findProgram('postgres', major)).file,
    // Without an answer this recovery must end: it would take the place it has reached for the end of the archive.
    restoreCommand: `HOWDAH_LOCAL_PORT=${wal.port} HOWDAH_NO_ANSWER=126 ${quoteCommandWord(`${paths.program}/bin/wal-request`)} restore %f %p`,
    settings: settingsOf(cluster),
    application: application(cluster),
    log,
    signal,
  });
  await restorer.close();
  if (result !== 'present') await noteRestore(paths.state, result);
  log.info(
    result === 'present' ? {} : { ...result },
    result === 'present' ? 'The data directory is already there' : 'Restored',
  );
}
