import http from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface OperatorMetrics {
  readonly registry: Registry;
  reconciled(controller: string, seconds: number, failed: boolean): void;
  leading(yes: boolean): void;
}

export function createMetrics(): OperatorMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations by controller and result',
    labelNames: ['controller', 'result'],
    registers,
  });
  const seconds = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of reconciliations in seconds',
    labelNames: ['controller'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads',
    registers,
  });
  return {
    registry,
    reconciled: (controller, duration, failed) => {
      total.inc({ controller, result: failed ? 'error' : 'success' });
      seconds.observe({ controller }, duration);
    },
    leading: (yes) => leader.set(yes ? 1 : 0),
  };
}

/** Serves /metrics over plain HTTP. */
export async function serveMetrics(
  metrics: OperatorMetrics,
  { port, bind }: { port: number; bind: string },
): Promise<AsyncDisposable> {
  const server = http.createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, bind, resolve);
  });
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
