import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createBackupController } from '../backup/controller.ts';
import { reconcileBackups } from '../backup/reconcile.ts';
import { createClusterController } from '../cluster/controller.ts';
import { readInstanceStatus } from '../cluster/instance-status.ts';
import { impatient } from '../cluster/patience.ts';
import { reconcileCluster } from '../cluster/phases/reconcile.ts';
import type { OperatorConfiguration } from '../config.ts';
import { messageOf } from '../errors.ts';
import { createDrillController } from '../drill/controller.ts';
import { reconcileDrill } from '../drill/reconcile.ts';
import { createScheduleController } from '../scheduled-backup/controller.ts';
import { reconcileSchedule } from '../scheduled-backup/reconcile.ts';
import { createKubeClient } from '../../kube/client.ts';
import type { KubeConnection } from '../../kube/connection.ts';
import { sleep } from '../../kube/back-off.ts';
import { createEventRecorder, type EventRecorder } from '../../kube/events.ts';
import { type LeaderTimes, runAsLeader } from '../../kube/leader.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { RunResult } from '../../kube/queue.ts';
import { operatorDeployment, operatorLease, port } from '../../naming.ts';
import { engineHeap, keepHeapSmall } from '../../util/heap.ts';
import { injectAuthority } from '../webhook/inject.ts';
import { serveWebhooks, type WebhookServer } from '../webhook/server.ts';
import { createMetrics, serveMetrics, type OperatorMetrics } from './metrics.ts';
import { operatorCertificates, type OperatorCertificates } from './operator-secrets.ts';

export interface OperatorOptions {
  readonly connection: KubeConnection;
  readonly configuration: OperatorConfiguration;
  readonly log: Logger;
  /** Undefined: it leads without asking. */
  readonly leaderElection: LeaderTimes | undefined;
  readonly workers: number;
  readonly ports?: { readonly webhook: number; readonly metrics: number };
}

const heapGrowth = 8 << 20;
/** Also how long webhook configurations that are installed or replaced later wait for the authority. */
const certificateCheckMs = 20_000;

interface Parts {
  readonly api: KubeApi;
  readonly events: EventRecorder;
  readonly metrics: OperatorMetrics;
  readonly certificates: { current: OperatorCertificates };
}

/** Counts a run and its time. */
function measured<Rest extends unknown[]>(
  metrics: OperatorMetrics,
  controller: string,
  run: (...rest: Rest) => Promise<RunResult | undefined>,
): (...rest: Rest) => Promise<RunResult | undefined> {
  return async (...rest) => {
    const startedAt = performance.now();
    let failed = true;
    try {
      const result = await run(...rest);
      failed = false;
      return result;
    } finally {
      metrics.reconciled(controller, (performance.now() - startedAt) / 1000, failed);
    }
  };
}

/** The controllers, for as long as this process leads. */
async function lead(options: OperatorOptions, parts: Parts, signal: AbortSignal): Promise<void> {
  const { configuration, log, workers } = options;
  const { api, events, metrics, certificates } = parts;
  const namespaces = configuration.watchNamespaces;
  const onWatchFailure = (kind: string, error: unknown): void =>
    log.warn({ kind, error: messageOf(error) }, 'watch failed');
  const onError = (key: string, error: unknown, retryInMs: number): void =>
    log.warn({ key, error: messageOf(error), retryInMs }, 'reconciliation failed');
  const emit = events.emit.bind(events);
  const common = { api, readStatus: impatient(readInstanceStatus), emit, now: () => new Date() };
  const missingSince = new Map<string, number>();
  const backups = createBackupController({
    api,
    namespaces,
    workers,
    onError,
    onWatchFailure,
    reconcile: measured(metrics, 'backup', (key: { namespace: string; name: string }, stop: AbortSignal) =>
      reconcileBackups({ ...common, missingSince, identity: certificates.current.identity }, key, stop),
    ),
  });
  const schedules = createScheduleController({
    api,
    namespaces,
    workers,
    onError,
    onWatchFailure,
    now: common.now,
    reconcile: measured(metrics, 'scheduled-backup', (key: { namespace: string; name: string }, stop: AbortSignal) =>
      reconcileSchedule({ ...common, settings: configuration }, key, stop),
    ),
  });
  const drills = createDrillController({
    api,
    namespaces,
    workers,
    onError,
    onWatchFailure,
    reconcile: measured(metrics, 'restore-drill', (key: { namespace: string; name: string }, stop: AbortSignal) =>
      reconcileDrill(common, key, stop),
    ),
  });
  const clusters = createClusterController({
    api,
    namespaces,
    workers,
    onError,
    onWatchFailure,
    onClusterChange: (key) => {
      backups.clusterChanged(key);
      schedules.clusterChanged(key);
    },
    reconcile: measured(metrics, 'cluster', (key, owned, stop) =>
      reconcileCluster({ ...common, owned, log, configuration, identity: certificates.current.identity }, key, stop),
    ),
  });
  metrics.leading(true);
  log.info('leading');
  try {
    await Promise.all([clusters.run(signal), backups.run(signal), schedules.run(signal), drills.run(signal)]);
  } finally {
    metrics.leading(false);
  }
}

/** Renews the operator's certificates before they end. */
async function keepCertificates(options: OperatorOptions, parts: Parts, server: WebhookServer, signal: AbortSignal) {
  const { configuration, log } = options;
  while (await sleep(certificateCheckMs, signal)) {
    try {
      const now = new Date();
      parts.certificates.current = await operatorCertificates({ api: parts.api, configuration, now, signal });
      server.useCertificate(parts.certificates.current.webhook);
      if (configuration.manageWebhooks) await injectAuthority(parts.api, parts.certificates.current.caBundle, signal);
    } catch (error) {
      if (!signal.aborted) log.error({ error: messageOf(error) }, 'certificates could not be checked');
    }
  }
}

/** Runs until `signal` aborts, and leads while it holds the lease. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { connection, configuration, log } = options;
  await using api = createKubeClient(connection);
  // The lease has connections of its own: a flood of other requests must not cost the leadership.
  await using leaseApi = createKubeClient(connection, { requestTimeoutMs: 5_000, attempts: 1 });
  const metrics = createMetrics();
  const ports = options.ports ?? { webhook: port.webhook, metrics: port.operatorMetrics };
  const { bind } = configuration;
  const events = createEventRecorder(api, {
    component: operatorDeployment,
    instance: configuration.podName,
    onError: (error) => log.debug({ error: messageOf(error) }, 'event not recorded'),
  });
  const certificates = { current: await operatorCertificates({ api, configuration, now: new Date(), signal }) };
  const parts: Parts = { api, events, metrics, certificates };
  await using _metricsServer = await serveMetrics(metrics, { port: ports.metrics, bind });
  let prepared = !configuration.manageWebhooks;
  await using server = await serveWebhooks({
    bind,
    port: ports.webhook,
    certificate: certificates.current.webhook,
    postgresImage: configuration.postgresImage,
    // Whoever waits for the operator may then rely on admission.
    ready: () => prepared,
    onError: (path, error) => log.warn({ path, error: messageOf(error) }, 'request failed'),
  });
  if (configuration.manageWebhooks) {
    await injectAuthority(api, certificates.current.caBundle, signal).catch((error: unknown) =>
      log.error({ error: messageOf(error) }, 'webhook configurations could not be written'),
    );
    prepared = true;
  }
  log.info({ version: configuration.operatorVersion, namespace: configuration.namespace }, 'operator started');
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  void keepHeapSmall(engineHeap(), both, { growth: heapGrowth });
  const renewing = keepCertificates(options, parts, server, both);
  try {
    if (!options.leaderElection) {
      await lead(options, parts, both);
      return;
    }
    const election = {
      lease: { namespace: configuration.namespace, name: operatorLease },
      // A container that is started again in the same pod goes on with its own lease.
      identity: configuration.podName,
      ...options.leaderElection,
      onError: (error: unknown) => log.warn({ error: messageOf(error) }, 'leader lease'),
    };
    // A process that ended instead would be started again ever later, and admission is asked meanwhile, which needs no leader.
    while ((await runAsLeader(leaseApi, election, (leading) => lead(options, parts, leading), both)) === 'lost')
      log.warn('leadership lost; this process stands for it again');
  } finally {
    stop.abort();
    // Timers that nobody waits for any more must not keep the process.
    await Promise.race([renewing, delay(1_000, undefined, { ref: false })]);
    await Promise.race([events.flush(), delay(2_000, undefined, { ref: false })]);
  }
}
