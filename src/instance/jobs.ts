import { mkdir } from 'node:fs/promises';
import { createKubeClient } from '../kube/client.ts';
import { inClusterConnection } from '../kube/connection.ts';
import type { InstanceEnvironment } from './environment.ts';
import type { Logger } from './log/logger.ts';

/** The work of the Jobs that make an instance's data directory. */
export async function runJob(
  name: 'init' | 'join' | 'restore',
  environment: InstanceEnvironment,
  rootLog: Logger,
  signal: AbortSignal,
): Promise<void> {
  const log = rootLog.child({ logger: 'instance-manager' });
  const { namespace, clusterName, podName: instanceName, paths } = environment;
  for (const directory of [paths.sockets, paths.certificates, paths.temporary]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  // Awaited below, so that it is not closed while the work goes on.
  await using kube = createKubeClient(inClusterConnection(paths.root));
  switch (name) {
    case 'init': {
      const { runInit } = await import('./init/bootstrap.ts');
      return await runInit({ kube, environment, log, rootLog, signal });
    }
    case 'join': {
      const { runJoin } = await import('./replication/join.ts');
      return await runJoin({ kube, namespace, clusterName, instanceName, paths, log, signal });
    }
    case 'restore': {
      const { runRestore } = await import('./recovery/restore.ts');
      return await runRestore({ kube, namespace, clusterName, paths, bind: environment.bind, log, signal });
    }
    default:
      return name satisfies never;
  }
}
