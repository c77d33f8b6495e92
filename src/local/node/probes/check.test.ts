import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAuthority, issueCertificate } from '../../../pki/x509.ts';
import { aContainer } from '../testing/records.ts';
import type { Handler } from '../model/types.ts';
import { check, type Checked } from './check.ts';

const server = createServer((request, response) => {
  if (request.url === '/slow') return;
  response.writeHead(request.url === '/bad' ? 500 : 204).end(request.url === '/bad' ? 'no disk' : '');
});
let port = 0;
beforeAll(async () => {
  const now = new Date();
  const authority = await createAuthority('unknown', 1, now);
  const { certificate, key } = await issueCertificate(authority, { commonName: 'x', usages: ['server'], days: 1, now });
  server.setSecureContext({ cert: certificate, key });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function probe(handler: Handler, milliseconds = 20_000): Promise<Checked> {
  const container = aContainer('main', { ports: [{ name: 'web', containerPort: port }] });
  const context = { env: { PATH: process.env['PATH'] ?? '' }, cwd: '/', prefix: (text: string) => text };
  return check(handler, container, '127.0.0.1', () => context, AbortSignal.timeout(milliseconds));
}
const get = (path: string): Handler => ({ httpGet: { path, port: 'web', scheme: 'HTTPS' } });

test('a probe over HTTPS asks a named port and does not mind who signed the certificate', async () => {
  expect(await probe(get('/'))).toEqual({ ok: true, message: '' });
});
test('a bad status fails with its code and text', async () => {
  expect(await probe(get('/bad'))).toEqual({ ok: false, message: 'HTTP probe failed with statuscode: 500: no disk' });
});
test('an answer that does not come in time fails', async () => {
  expect((await probe(get('/slow'), 400)).ok).toBe(false);
});
test('a connection is enough for a TCP probe, a refused one fails', async () => {
  expect((await probe({ tcpSocket: { port } })).ok).toBe(true);
  expect((await probe({ tcpSocket: { port: 1 } })).ok).toBe(false);
});
test('a command counts by its exit code and is ended when it takes too long', async () => {
  expect((await probe({ exec: { command: ['true'] } })).ok).toBe(true);
  expect(await probe({ exec: { command: ['sh', '-c', 'echo why; exit 2'] } })).toEqual({ ok: false, message: 'why' });
  expect(await probe({ exec: { command: ['sleep', '60'] } }, 400)).toEqual({ ok: false, message: 'command timed out' });
  expect((await probe({ exec: { command: ['/no/such'] } })).ok).toBe(false);
});
