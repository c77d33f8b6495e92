import { once } from 'node:events';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../pod/context.ts';
import type { PodManager } from '../pod/manager.ts';
import { serveLogs } from './logs.ts';
import { answer, RequestError, routeOf } from './route.ts';
import { refuse, Upgrades } from './upgrade.ts';

export interface KubeletOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly pods: PodManager;
  readonly log: Log;
}

export interface Kubelet {
  readonly port: number;
  close(): Promise<void>;
}

/** Only the API server (and administrators) may ask: pods of the platform have certificates of other authorities or none. */
function mayAsk(socket: TLSSocket): boolean {
  const { subject } = socket.getPeerCertificate();
  const organizations = subject?.O;
  return socket.authorized && [organizations].flat().includes('system:masters');
}

async function handle(options: KubeletOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!mayAsk(request.socket as TLSSocket)) throw new RequestError(403, 'forbidden: not a client of this node');
  const url = new URL(request.url ?? '/', 'https://node');
  if (url.pathname === '/healthz') {
    answer(response, 200, 'ok');
    return;
  }
  const route = routeOf(url);
  if (route.verb !== 'containerLogs') throw new RequestError(400, `${route.verb} needs an upgrade of the connection`);
  await serveLogs(options.pods, route, request, response);
}

/** The server that the API server asks for logs, exec and port-forward; the paths are a kubelet's. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { ca, cert, key } = options.tls;
  const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true });
  const sockets = new Set<Socket>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('request', (request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else
        answer(
          response,
          error instanceof RequestError ? error.status : 500,
          error instanceof Error ? error.message : String(error),
        );
    });
  });
  const upgrades = new Upgrades(options.pods);
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const served = mayAsk(request.socket as TLSSocket)
      ? upgrades.serve(request, socket, head)
      : Promise.reject(new RequestError(403, 'forbidden: not a client of this node'));
    served.catch((error: unknown) =>
      refuse(
        socket,
        error instanceof RequestError ? error.status : 500,
        error instanceof Error ? error.message : String(error),
      ),
    );
  });
  server.listen(options.port, options.address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
