import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceContext } from '../context/context.ts';
import { metricsRenderer } from '../metrics/metrics.ts';
import { patiently, readiness, startup, type ProbeAnswer } from '../status/probes.ts';
import { collectStatus, executableHash } from '../status/status.ts';
import { controlDataText } from '../status/control-data-text.ts';
import { version } from '../world/version.ts';
import type { InstanceView } from '../world/view.ts';
import type { WalHandlers } from '../wal/port.ts';
import { listen } from '../http/listen.ts';
import { localRoutes } from './local-routes.ts';
import { remoteRoutes } from './remote-routes.ts';
import { respond, text, type Routes } from '../http/respond.ts';

export interface ServeOptions {
  readonly context: InstanceContext;
  readonly view: () => InstanceView | undefined;
  readonly wal: WalHandlers;
  readonly sessionId: string;
  readonly ports: { readonly status: number; readonly local: number; readonly metrics: number };
}

interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const certificatePollMs = 1000;

async function readCertificate(directory: string): Promise<Certificate | undefined> {
  const read = (name: string): Promise<string> => readFile(path.join(directory, name), 'utf8');
  try {
    const [cert, key, ca] = await Promise.all([read('server.crt'), read('server.key'), read('client-ca.crt')]);
    return { cert, key, ca };
  } catch {
    return undefined;
  }
}

/** HTTPS as soon as there is a certificate; a new one is used for the connections after it. */
async function serveTls(routes: Routes, options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { environment, log } = options.context;
  let used: Certificate | undefined;
  let server: ReturnType<typeof createTlsServer> | undefined;
  while (!signal.aborted) {
    const found = await readCertificate(environment.paths.certificates);
    if (found && JSON.stringify(found) !== JSON.stringify(used)) {
      try {
        if (server) server.setSecureContext(found);
        else {
          // Probes have no certificate; routes that need one ask for it.
          server = createTlsServer({ ...found, requestCert: true, rejectUnauthorized: false }, (request, response) => {
            void respond(routes, request, response);
          });
          const address = { port: options.ports.status, host: environment.bind ?? '::' };
          void listen(server, address, log, signal);
        }
        used = found;
      } catch (error) {
        log.error({ err: error }, 'The server certificate cannot be used');
        used = found;
      }
    }
    await delay(used ? certificatePollMs : 50, undefined, { signal }).catch(() => undefined);
  }
}

/** The three servers of an instance: HTTPS for the world, HTTP for the pod, metrics. Until `signal` aborts. */
export async function serveHttp(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { context, view, wal, ports } = options;
  const { environment, session, log, supervisor } = context;
  const secondsRunning = (): number => {
    const since = startedAt.get(supervisor.postgresPid() ?? 0);
    if (since === undefined) {
      startedAt.clear();
      startedAt.set(supervisor.postgresPid() ?? 0, Date.now());
      return 0;
    }
    return (Date.now() - since) / 1000;
  };
  const startedAt = new Map<number, number>();
  let lastReady = false;
  const ready = async (): Promise<ProbeAnswer> => {
    const answer = await readiness(view(), session, context.rolesKept);
    lastReady = answer.ok;
    return answer;
  };
  const source = {
    environment,
    session,
    view,
    executableHash: await executableHash(process.argv[1] ?? process.execPath).catch(() => ''),
    version,
    sessionId: options.sessionId,
    ready: () => lastReady,
    ha: context.ha,
    disks: context.disks,
  };
  const status = async (): Promise<unknown> => {
    await ready().catch(() => undefined);
    return collectStatus(source);
  };
  const remote = remoteRoutes({
    status,
    ready: () => patiently(ready),
    started: () => patiently(() => startup(view(), session, secondsRunning())),
    live: async () =>
      (await context.ha.isolated())
        ? { ok: false, reason: 'neither the API server nor any other instance can be reached' }
        : { ok: true, reason: 'OK' },
    controlData: async () => {
      const data = view()?.data;
      if (data?.state !== 'valid') throw new Error('pg_control cannot be read');
      return controlDataText(data.control);
    },
    operatorFingerprint: () => context.cluster.current?.status?.operatorCertificateFingerprint,
  });
  const secured = { ...remote, ...context.ha.routes };
  const local = createServer((request, response) => void respond(localRoutes(wal, status), request, response));
  const renderMetrics = metricsRenderer(context, view);
  const metricsRoutes: Routes = {
    'GET /metrics': async () => ({
      ...text(200, await renderMetrics()),
      type: 'text/plain; version=0.0.4',
    }),
  };
  const metrics = createServer((request, response) => void respond(metricsRoutes, request, response));
  await Promise.all([
    serveTls(secured, options, signal),
    listen(local, { port: ports.local, host: environment.bind ?? '127.0.0.1' }, log, signal),
    listen(metrics, { port: ports.metrics, host: environment.bind ?? '::' }, log, signal),
  ]);
}
