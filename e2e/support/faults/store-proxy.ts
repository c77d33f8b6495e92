import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface StoreProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** `refuses`: connections are closed at once; `blackhole`: they are taken and nothing comes back. */
  behave(how: 'passes' | 'refuses' | 'blackhole'): void;
}

/** Stands before an object store, on an address that the pods reach, so that one cluster's archive can fail alone. */
export async function storeProxy(endpoint: string): Promise<StoreProxy> {
  const { hostname, port } = new URL(endpoint);
  const open = new Set<Socket>();
  let how: Parameters<StoreProxy['behave']>[0] = 'passes';
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (how === 'refuses') client.destroy();
    if (how !== 'passes') return;
    const store = connect(Number(port), hostname);
    keep(store);
    client.pipe(store).pipe(client);
    client.on('close', () => store.destroy());
    store.on('close', () => client.destroy());
  });
  server.listen(0, hostname);
  await once(server, 'listening');
  const drop = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    endpoint: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    behave(next) {
      how = next;
      // What is under way fails too; in a black hole it only stops.
      if (next === 'blackhole') {
        for (const socket of open) socket.unpipe().pause();
      } else drop();
    },
    async [Symbol.asyncDispose]() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
