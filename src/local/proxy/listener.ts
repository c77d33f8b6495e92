import net from 'node:net';
import { type Address, type Route, text } from './routes.ts';

const connectTimeout = 5_000;

interface Connection {
  readonly target: string;
  readonly client: net.Socket;
  readonly server: net.Socket;
}

/** One service port: listens while somebody behind it is ready, and passes bytes on. */
export class PortListener {
  #route: Route;
  #server: net.Server | undefined;
  readonly #connections = new Set<Connection>();
  readonly #log: (text: string) => void;

  constructor(route: Route, log: (text: string) => void) {
    this.#route = route;
    this.#log = log;
  }

  /** Takes a new state: opens or closes the port, and cuts what leads to an endpoint that has left. */
  update(route: Route): void {
    this.#route = route;
    const known = new Set(route.known.map(text));
    for (const connection of this.#connections) if (!known.has(connection.target)) this.#cut(connection);
    if (route.ready.length > 0) this.#open();
    else this.#close();
  }

  stop(): void {
    this.#close();
    for (const connection of this.#connections) this.#cut(connection);
  }

  #open(): void {
    if (this.#server) return;
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) =>
      this.#accept(client),
    );
    this.#server = server;
    server.on('error', (error) => {
      this.#log(`cannot listen on ${text(this.#route)}: ${error.message}`);
      if (this.#server !== server) return;
      this.#server = undefined;
      // The address may be free again soon; the next look at the services is at most a second away.
      setTimeout(() => this.update(this.#route), 1000).unref();
    });
    server.listen(this.#route.port, this.#route.host);
  }

  /** Without a listener the kernel refuses connections, as a service without endpoints does. */
  #close(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #cut(connection: Connection): void {
    this.#connections.delete(connection);
    connection.client.resetAndDestroy();
    connection.server.destroy();
  }

  /** Endpoints with the fewest connections first, equals in random order. */
  #order(): Address[] {
    const load = new Map<string, number>();
    for (const { target } of this.#connections) load.set(target, (load.get(target) ?? 0) + 1);
    const ranked = this.#route.ready.map((address) => ({
      address,
      rank: (load.get(text(address)) ?? 0) + Math.random(),
    }));
    return ranked.sort((a, b) => a.rank - b.rank).map(({ address }) => address);
  }

  #accept(client: net.Socket): void {
    client.on('error', () => client.destroy());
    this.#connect(client, this.#order());
  }

  /** Tries endpoints one after another; the client is reset when none of them answers. */
  #connect(client: net.Socket, [address, ...others]: Address[]): void {
    if (!address) {
      client.resetAndDestroy();
      return;
    }
    const server = net.connect({ ...address, allowHalfOpen: true, noDelay: true, timeout: connectTimeout });
    const connection = { target: text(address), client, server };
    this.#connections.add(connection);
    const abandon = (): void => void server.destroy();
    client.once('close', abandon);
    server.once('timeout', () => server.destroy(new Error('no answer in time')));
    server.once('error', () => {
      if (!this.#connections.delete(connection) || client.destroyed) return;
      client.off('close', abandon);
      this.#connect(client, others);
    });
    server.once('connect', () => {
      server.setTimeout(0);
      server.removeAllListeners('error');
      this.#join(connection);
    });
  }

  #join(connection: Connection): void {
    const { client, server } = connection;
    server.on('error', () => client.resetAndDestroy());
    client.on('error', () => server.resetAndDestroy());
    client.on('close', () => {
      this.#connections.delete(connection);
      server.destroy();
    });
    server.on('close', () => {
      this.#connections.delete(connection);
      client.destroy();
    });
    server.pipe(client);
    client.pipe(server);
  }
}
