import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log/logger.ts';

const retryMs = 2000;

/** Listens, and tries again as long as the port is in use: the rest of the manager works meanwhile. Closes with `signal`. */
export async function listen(
  server: Server,
  address: { readonly port: number; readonly host: string },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  server.requestTimeout = 20_000;
  server.headersTimeout = 3_000;
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
  while (!signal.aborted) {
    server.listen(address.port, address.host);
    try {
      await once(server, 'listening', { signal });
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error, ...address }, `Port ${address.port} cannot be listened on; it is tried again`);
      server.close();
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
