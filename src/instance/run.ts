import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createKubeClient } from '../kube/client.ts';
import { inClusterConnection } from '../kube/connection.ts';
import { port } from '../naming.ts';
import { ClusterSource } from './cluster/cluster-source.ts';
import { SecretSource } from './cluster/secret-source.ts';
import type { InstanceContext } from './context/context.ts';
import type { Surroundings } from './world/surroundings.ts';
import { DiskWatch, volumesOf } from './disk/watch.ts';
import { HighAvailability } from './ha/ha.ts';
import { gatedRestorer } from './restore-gate.ts';
import type { InstanceEnvironment } from './world/environment.ts';
import { engineHeap, keepHeapSmall } from '../util/heap.ts';
import { serveHttp } from './endpoints/serve.ts';
import { followPostgresLog } from './log/postgres-log.ts';
import type { Logger } from './log/logger.ts';
import { Manager } from './manager.ts';
import { Session } from './sql/session.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import { runTasks } from './tasks.ts';
import { watchForData } from './world/own-data.ts';
import { type InstanceView, servesAsPrimary } from './world/view.ts';
import { type ArchiveServicesDeps, createArchiveServices } from './archive-services.ts';

/** Bytes: this process is one of every instance. */
const heapGrowth = 4 << 20;

/** Everything that the container's directories need before anything is written there. */
async function prepareDirectories({ paths }: InstanceEnvironment): Promise<void> {
  for (const directory of [paths.sockets, paths.certificates, paths.logs, paths.temporary, paths.external]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
}

/** What the archive has to know of the rest of the manager. */
function archiveDeps(
  { environment, kube, cluster, session, log, signal }: Surroundings,
  ha: HighAvailability,
  view: () => InstanceView | undefined,
): ArchiveServicesDeps {
  const { paths, namespace, clusterName, podName, port } = environment;
  const socket = { host: paths.sockets, port };
  return {
    ...{ kube, namespace, clusterName, podName, socket, log, signal },
    dataDirectory: paths.data,
    cluster: () => cluster.current,
    isPrimary: () => servesAsPrimary(view()),
    server: () => ({
      postmaster: view()?.postmaster.state,
      primary: servesAsPrimary(view()),
      standby: view()?.server?.standby,
      leaving: ha.handover !== undefined,
    }),
    postmaster: () => view()?.postmaster.pid,
    epoch: () => ha.led,
    query: (sql) => session.query(sql),
    replication: () => Promise.resolve({ ...socket, user: 'postgres' }),
  };
}

/** Runs the manager of one instance until its container is to end and PostgreSQL has stopped. */
export async function runInstance(
  environment: InstanceEnvironment,
  rootLog: Logger,
  supervisor: Supervisor,
): Promise<void> {
  const log = rootLog.child({ logger: 'instance-manager' });
  await prepareDirectories(environment);
  const life = new AbortController();
  const { paths, namespace, clusterName } = environment;
  await using kube = createKubeClient(inClusterConnection(paths.root));
  const cluster = new ClusterSource({
    kube,
    namespace,
    name: clusterName,
    cacheFile: path.join(path.dirname(paths.sockets), 'cache', 'cluster.json'),
    log,
  });
  await cluster.loadCopy();
  using secrets = new SecretSource({ kube, namespace, log });
  await using session = new Session({ socketDirectory: paths.sockets, port: environment.port });
  let termination = supervisor.terminatingSince();
  const surroundings: Surroundings = {
    environment,
    log,
    rootLog,
    kube,
    supervisor,
    cluster,
    secrets,
    rolesKept: {},
    session,
    signal: life.signal,
    terminatingSince: () => termination,
  };
  const late: { manager?: Manager } = {};
  await using ha = new HighAvailability(
    surroundings,
    () => late.manager?.view,
    () => late.manager?.wake(),
  );
  const disks = new DiskWatch({ directories: () => volumesOf(paths, cluster.current) });
  const context: InstanceContext = { ...surroundings, ha, disks };
  const manager = new Manager(context);
  late.manager = manager;
  const terminate = (): void => {
    termination ??= Date.now();
    manager.wake();
  };
  process.on('SIGTERM', terminate);
  process.on('SIGINT', terminate);
  supervisor.hears();
  cluster.on('change', () => manager.wake());
  secrets.on('change', () => manager.wake());

  await using archive = createArchiveServices(archiveDeps(surroundings, ha, () => manager.view));
  ha.useArchive(archive);
  const stopLog = new AbortController();
  const logged = followPostgresLog(
    { paths, supervisorDirectory: supervisor.directory, log: rootLog, postmaster: () => manager.view?.postmaster.pid },
    stopLog.signal,
  );
  const handlers = { ...archive.handlers, restorer: gatedRestorer(archive.handlers.restorer, context) };
  const background = [
    cluster.run(life.signal),
    ha.run(life.signal),
    serveHttp({ context, view: () => manager.view, wal: handlers, sessionId: randomUUID(), ports: port }, life.signal),
    runTasks(context, () => manager.view, life.signal),
    disks.run(life.signal),
    archive.backups.run(life.signal),
    ...(environment.startsBeside ? [watchForData(environment, () => manager.wake(), life.signal)] : []),
    keepHeapSmall(engineHeap(), life.signal, { growth: heapGrowth }),
  ].map((task) => task.catch((error: unknown) => log.error({ err: error }, 'A part of the manager ended')));
  try {
    await manager.run();
  } finally {
    life.abort();
    stopLog.abort();
    await Promise.all([...background, logged.catch(() => undefined)]);
  }
}
