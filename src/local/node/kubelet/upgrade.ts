import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import type { PodManager } from '../pod/manager.ts';
import type { PodWorker } from '../pod/worker.ts';
import { spdyStreams, webSocketStreams, type Wanted } from './exec-streams.ts';
import { internalError, runExec, type ExecStreams } from './exec.ts';
import { forwardSpdy, forwardWebSocket } from './port-forward.ts';
import { flag, RequestError, routeOf, type Route } from './route.ts';

const streamsMs = 30_000;
const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const tunnel = 'SPDY/3.1+portforward.k8s.io';
const forwardProtocols = [tunnel, 'v4.channel.k8s.io', 'portforward.k8s.io'];
const spdyExecProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io'];

/** Answers a request that was to be upgraded with an error instead. */
export function refuse(socket: Duplex, status: number, message: string): void {
  const body = Buffer.from(message);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${message}`,
  );
}

const offered = (header: string | string[] | undefined): string[] =>
  [header].flat().flatMap((text) => (text ?? '').split(',').map((name) => name.trim()));

function wantedOf({ query }: Route): Wanted {
  return {
    stdin: flag(query, 'input') || flag(query, 'stdin'),
    stdout: flag(query, 'output') || flag(query, 'stdout'),
    stderr: flag(query, 'error') || flag(query, 'stderr'),
    tty: flag(query, 'tty'),
  };
}

async function exec(worker: PodWorker, route: Route, streams: ExecStreams): Promise<void> {
  try {
    const context = await worker.containerContext(route.container);
    await runExec(context, { command: route.query.getAll('command'), tty: wantedOf(route).tty }, streams);
  } catch (error) {
    streams.finish(internalError(error instanceof Error ? error.message : String(error)));
  }
}

function portsOf({ query }: Route): number[] {
  const ports = [...query.getAll('port'), ...query.getAll('ports')].flatMap((text) => text.split(',')).map(Number);
  if (ports.length === 0 || !ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new RequestError(400, 'the query must have a port between 1 and 65535');
  }
  return ports;
}

/** Upgrades a connection for exec or port-forward and serves it to its end. */
export class Upgrades {
  readonly #pods: PodManager;

  constructor(pods: PodManager) {
    this.#pods = pods;
  }

  async serve(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const route = routeOf(new URL(request.url ?? '/', 'https://node'));
    const worker = this.#pods.find(route.namespace, route.pod);
    if (!worker) throw new RequestError(404, `pod ${route.namespace}/${route.pod} does not run on this node`);
    if (route.verb === 'containerLogs') throw new RequestError(400, 'logs need no upgrade');
    if (route.verb === 'exec') {
      if (route.query.getAll('command').length === 0)
        throw new RequestError(400, 'you must specify at least 1 command');
      if (!worker.live(route.container)) throw new RequestError(400, `container ${route.container} is not running`);
    }
    if (/^spdy\//i.test(request.headers.upgrade ?? '')) await this.#spdy(worker, route, request, socket, head);
    else await this.#webSocket(worker, route, request, socket, head);
  }

  async #spdy(worker: PodWorker, route: Route, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const known = route.verb === 'exec' ? spdyExecProtocols : ['portforward.k8s.io'];
    const asked = offered(request.headers['x-stream-protocol-version']);
    const protocol = known.find((name) => asked.includes(name));
    if (protocol === undefined) throw new RequestError(403, `unable to upgrade: none of ${asked.join(', ')} is known`);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
    );
    if (head.length > 0) socket.unshift(head);
    if (route.verb === 'portForward') return forwardSpdy(socket, worker.record.ip);
    const streams = await spdyStreams(socket, wantedOf(route), AbortSignal.timeout(streamsMs));
    return exec(worker, route, streams);
  }

  async #webSocket(
    worker: PodWorker,
    route: Route,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const known = route.verb === 'exec' ? execProtocols : forwardProtocols;
    const asked = offered(request.headers['sec-websocket-protocol']);
    const protocol = known.find((name) => asked.includes(name));
    if (protocol === undefined) throw new RequestError(400, `no WebSocket protocol of ${known.join(', ')} is offered`);
    const ports = route.verb === 'portForward' && protocol !== tunnel ? portsOf(route) : [];
    // The library refuses names with a slash, which is no token by the RFC but what kubectl sends.
    request.headers['sec-websocket-protocol'] = 'chosen';
    const server = new WebSocketServer({ noServer: true, handleProtocols: () => protocol, perMessageDeflate: false });
    const webSocket = await new Promise<WebSocket>((resolve) => server.handleUpgrade(request, socket, head, resolve));
    webSocket.on('error', () => webSocket.terminate());
    if (route.verb === 'exec') return exec(worker, route, webSocketStreams(webSocket, wantedOf(route)));
    if (protocol !== tunnel) return forwardWebSocket(webSocket, worker.record.ip, ports);
    return forwardSpdy(createWebSocketStream(webSocket), worker.record.ip);
  }
}
