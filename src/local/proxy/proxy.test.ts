import { once } from 'node:events';
import net from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import type { EndpointSlice, Service } from '../../kube/objects.ts';
import { freePort } from '../../testing/free-port.ts';
import { PortListener } from './listener.ts';
import { type Address, type Route, routes, text } from './routes.ts';

const service = (name: string, spec: object = {}): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { clusterIP: '127.9.96.2', ports: [{ name: 'pg', port: 5432 }], ...spec },
});
const slice = (of: string, endpoints: [string, boolean][], port = 5432): EndpointSlice => ({
  metadata: { name: of, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  endpoints: endpoints.map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
  ports: [{ name: 'pg', port }],
});

test('routes of services', () => {
  const [route] = routes(
    [service('s')],
    [
      slice('s', [
        ['1.1.1.1', true],
        ['1.1.1.2', false],
      ]),
      slice('other', [['9.9.9.9', true]]),
    ],
  );
  expect(route).toEqual({
    host: '127.9.96.2',
    port: 5432,
    ready: [{ host: '1.1.1.1', port: 5432 }],
    known: [
      { host: '1.1.1.1', port: 5432 },
      { host: '1.1.1.2', port: 5432 },
    ],
  });
  expect(routes([service('s', { clusterIP: 'None' })], [slice('s', [['1.1.1.1', true]])])).toEqual([]);
  expect(routes([service('s')], [])[0]?.ready).toEqual([]);
});

const opened: (net.Server | PortListener)[] = [];
const sockets = new Set<net.Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const it of opened.splice(0)) {
    if (it instanceof PortListener) it.stop();
    else await new Promise((resolve) => it.close(resolve));
  }
});

/** A server that says its name, then echoes until the client is done. */
async function backend(name: string): Promise<Address> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(`${name}:`);
    socket.pipe(socket);
  });
  opened.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port };
}

async function aListener(ready: Address[]): Promise<{ listener: PortListener; route: Route }> {
  const route = { host: '127.0.0.1', port: await freePort(), ready, known: ready };
  const listener = new PortListener(route, () => undefined);
  opened.push(listener);
  listener.update(route);
  return { listener, route };
}

function connect(route: Route): net.Socket {
  const socket = net.connect({ host: route.host, port: route.port, allowHalfOpen: true });
  sockets.add(socket);
  socket.on('error', () => undefined);
  return socket;
}

/** First bytes that come, or the code of the error that comes instead. */
const firstBytes = (socket: net.Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });

test('bytes go both ways, and a closed half stays a half', async () => {
  const { route } = await aListener([await backend('a')]);
  const socket = connect(route);
  socket.end('hello');
  expect(await readAll(socket)).toBe('a:hello');
});

test('connections are spread by their number', async () => {
  const { route } = await aListener([await backend('a'), await backend('b')]);
  const names = [];
  for (let i = 0; i < 4; i++) names.push(await firstBytes(connect(route)));
  expect(names.sort()).toEqual(['a:', 'a:', 'b:', 'b:']);
});

test('a connection to an endpoint that leaves is cut at once, another stays', async () => {
  const [a, b] = [await backend('a'), await backend('b')];
  const { listener, route } = await aListener([a]);
  const first = connect(route);
  await firstBytes(first);
  listener.update({ ...route, ready: [b], known: [b] });
  const startedAt = performance.now();
  await new Promise((resolve) => first.once('close', resolve));
  expect(performance.now() - startedAt).toBeLessThan(1000);
  const second = connect(route);
  expect(await firstBytes(second)).toBe('b:');
  listener.update({ ...route, ready: [], known: [b] });
  second.write('still');
  expect(await firstBytes(second)).toBe('still');
});

test('nobody ready: refused; somebody ready again: served', async () => {
  const a = await backend('a');
  const { listener, route } = await aListener([a]);
  listener.update({ ...route, ready: [], known: [] });
  expect(await firstBytes(connect(route))).toBe('ECONNREFUSED');
  listener.update(route);
  expect(await firstBytes(connect(route))).toBe('a:');
});

test('an endpoint that refuses is passed by; when all refuse the client is reset', async () => {
  const dead = { host: '127.0.0.1', port: await freePort() };
  const { listener, route } = await aListener([dead, await backend('a')]);
  for (let i = 0; i < 3; i++) expect(await firstBytes(connect(route))).toBe('a:');
  listener.update({ ...route, ready: [dead], known: [dead] });
  expect(await firstBytes(connect(route))).toBe('ECONNRESET');
});

test('an address that is taken is listened on when it is free', async () => {
  const a = await backend('a');
  const squatter = net.createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as net.AddressInfo;
  const said: string[] = [];
  const route = { host: '127.0.0.1', port, ready: [a], known: [a] };
  const listener = new PortListener(route, (line) => said.push(line));
  opened.push(listener);
  listener.update(route);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(said.join()).toContain(`cannot listen on ${text(route)}`);
  await new Promise((resolve) => squatter.close(resolve));
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(await firstBytes(connect(route))).toBe('a:');
});
