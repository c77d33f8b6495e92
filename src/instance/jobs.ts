import { mkdir } from 'node:fs/promises';
import { createKubeClient } from '../kube/client.ts';
import { inClusterConnection } from '../kube/connection.ts';
import type { KubeApi } from '../kube/port.ts';
import { resource } from '../kube/resource-types.ts';
import { annotation, jobRole } from '../labels.ts';
import { jobName } from '../naming.ts';
import type { InstanceEnvironment } from './world/environment.ts';
import type { Logger } from './log/logger.ts';

const roles = { init: jobRole.initdb, join: jobRole.join, restore: jobRole.recovery } as const;
type JobCommand = keyof typeof roles;

interface JobContext {
  readonly environment: InstanceEnvironment;
  readonly rootLog: Logger;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

async function fill(name: JobCommand, kube: KubeApi, given: JobContext): Promise<void> {
  const { environment, rootLog, log, signal } = given;
  const { namespace, clusterName, podName: instanceName, paths } = environment;
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

/** The operator sees it here before the kubelet has noticed that the container ended. Without it, it sees that. */
async function sayFilled(name: JobCommand, kube: KubeApi, { environment, log }: JobContext): Promise<void> {
  const key = { namespace: environment.namespace, name: jobName(environment.podName, roles[name]) };
  const patch = { metadata: { annotations: { [annotation.filled]: 'true' } } };
  await kube.patch(resource.jobs, key, patch, { signal: AbortSignal.timeout(2000) }).catch((error: unknown) => {
    log.debug({ err: error }, 'The Job could not be told that its work is done');
  });
}

/** The work of the Jobs that make an instance's data directory. */
export async function runJob(
  name: JobCommand,
  environment: InstanceEnvironment,
  rootLog: Logger,
  signal: AbortSignal,
): Promise<void> {
  const log = rootLog.child({ logger: 'instance-manager' });
  const { paths } = environment;
  for (const directory of [paths.sockets, paths.certificates, paths.temporary]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  // Awaited below, so that it is not closed while the work goes on.
  await using kube = createKubeClient(inClusterConnection(paths.root));
  const context = { environment, rootLog, log, signal };
  await fill(name, kube, context);
  await sayFilled(name, kube, context);
}
