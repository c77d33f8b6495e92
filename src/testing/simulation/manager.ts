// The instance manager as src/instance/run.ts puts it together, on a simulated machine: cluster source, protocol, loop.
import path from 'node:path';
import type { Logger } from '../../instance/log/logger.ts';
import { ClusterSource } from '../../instance/cluster/cluster-source.ts';
import { SecretSource } from '../../instance/cluster/secret-source.ts';
import type { InstanceEnvironment } from '../../instance/world/environment.ts';
import { HighAvailability } from '../../instance/ha/ha.ts';
import { remoteRoutes } from '../../instance/endpoints/remote-routes.ts';
import type { Routes } from '../../instance/http/respond.ts';
import { Manager } from '../../instance/manager.ts';
import { Session } from '../../instance/sql/session.ts';
import type { InstanceContext } from '../../instance/context/context.ts';
import { type ProbeAnswer, readiness } from '../../instance/status/probes.ts';
import { collectStatus } from '../../instance/status/status.ts';
import type { Supervisor } from '../../instance/supervisor/supervisor.ts';
import type { Surroundings } from '../../instance/world/surroundings.ts';
import type { InstanceView } from '../../instance/world/view.ts';
import type { KubeApi } from '../../kube/port.ts';
import { mkdir } from 'node:fs/promises';

/** A running manager. */
export interface Program {
  terminate(): void;
  readonly routes: () => Routes | undefined;
  readonly view: () => InstanceView | undefined;
}

export interface ManagerOptions {
  readonly environment: InstanceEnvironment;
  readonly kube: KubeApi;
  readonly supervisor: Supervisor;
  readonly log: Logger;
  readonly ended: () => void;
}

export function startManager(options: ManagerOptions): Program {
  const program: { terminate: () => void; routes?: () => Routes; view?: () => InstanceView | undefined } = {
    terminate: () => undefined,
  };
  run(options, program).then(options.ended, (error: unknown) => {
    options.log.error({ err: error }, 'The manager failed');
    options.ended();
  });
  return {
    terminate: () => program.terminate(),
    routes: () => program.routes?.(),
    view: () => program.view?.(),
  };
}

/** What the operator and the kubelet ask for, as src/instance/endpoints/serve.ts has it. */
function statusRoutes(context: InstanceContext, view: () => InstanceView | undefined): Routes {
  const { environment, session, ha, disks } = context;
  const ready = (): Promise<ProbeAnswer> => readiness(view(), session, context.rolesKept);
  let lastReady = false;
  const source = {
    ...{ environment, session, view, ha, disks, executableHash: '', version: 'simulated', sessionId: '' },
    ready: () => lastReady,
  };
  const status = async (): Promise<unknown> => {
    lastReady = (await ready()).ok;
    return collectStatus(source);
  };
  const unasked = (): Promise<never> => Promise.reject(new Error('nobody asks for it here'));
  return remoteRoutes({
    ...{ status, ready, started: unasked, live: unasked, controlData: unasked },
    operatorFingerprint: () => undefined,
  });
}

async function run(
  { environment, kube, supervisor, log }: ManagerOptions,
  program: { terminate: () => void; routes?: () => Routes; view?: () => InstanceView | undefined },
): Promise<void> {
  const { paths, namespace, clusterName } = environment;
  for (const directory of [paths.sockets, paths.certificates, paths.logs, paths.temporary]) {
    await mkdir(directory, { recursive: true });
  }
  const life = new AbortController();
  const cacheFile = path.join(path.dirname(paths.sockets), 'cache', 'cluster.json');
  const cluster = new ClusterSource({ kube, namespace, name: clusterName, cacheFile, log });
  await cluster.loadCopy();
  const secrets = new SecretSource({ kube, namespace, log });
  const session = new Session({ socketDirectory: paths.sockets, port: environment.port });
  let termination = supervisor.terminatingSince();
  const late: { manager?: Manager } = {};
  // There are no roles to be brought in order.
  const rolesKept = {
    get pid(): number {
      return late.manager?.view?.postmaster.pid ?? 0;
    },
  };
  const surroundings: Surroundings = {
    ...{ environment, log, rootLog: log, kube, supervisor, cluster, secrets, session },
    ...{ rolesKept, signal: life.signal, terminatingSince: () => termination },
  };
  const ha = new HighAvailability(
    surroundings,
    () => late.manager?.view,
    () => late.manager?.wake(),
  );
  const manager = new Manager({ ...surroundings, ha, disks: { volumes: [] } });
  late.manager = manager;
  program.terminate = () => {
    termination ??= Date.now();
    manager.wake();
  };
  const routes = { ...statusRoutes({ ...surroundings, ha, disks: { volumes: [] } }, () => manager.view), ...ha.routes };
  program.routes = () => routes;
  program.view = () => manager.view;
  cluster.on('change', () => manager.wake());
  const background = [cluster.run(life.signal), ha.run(life.signal)];
  for (const task of background) {
    task.catch((error: unknown) => log.error({ err: error }, 'A part of the manager ended'));
  }
  await manager.run();
  supervisor.done(0);
  life.abort();
}
