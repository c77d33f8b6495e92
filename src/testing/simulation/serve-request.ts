import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Routes } from '../../instance/http/respond.ts';
import { role } from '../../naming.ts';
import type { Call, CallAnswer } from './network.ts';

/** One request through the manager's own routes, as its HTTPS server would pass it on. */
export async function serveRequest(routes: Routes | undefined, call: Call): Promise<CallAnswer> {
  const handler = routes?.[`${call.method} ${call.path}`];
  if (!handler) return { status: 404, body: '' };
  const socket = { authorized: true, getPeerCertificate: () => ({ subject: { CN: role.replication } }) };
  const request = Object.assign(new EventEmitter(), { ...call, url: call.path, socket, setEncoding: () => undefined });
  const answer = handler(
    new URL(call.path, 'https://manager'),
    request as unknown as IncomingMessage,
    new AbortController().signal,
  );
  request.emit('data', call.body);
  request.emit('end');
  try {
    const { status, body } = await answer;
    return { status, body };
  } catch (error) {
    return { status: 500, body: error instanceof Error ? error.message : String(error) };
  }
}
