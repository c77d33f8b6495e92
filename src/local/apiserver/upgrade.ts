import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, badRequest, pathNotFound, statusBody } from './model/errors.ts';
import type { Call } from './call/services.ts';
import { containerOf, join, nodeTarget, podOf, requestTo, type Target } from './subresources/node-proxy.ts';
import { authorize } from './dispatch.ts';

const connectTimeout = 10_000;

function kubeletPath(call: Call): string {
  const { resource, namespace, name, subresource } = call.info;
  if (resource?.storage !== '/pods') throw pathNotFound();
  const pod = podOf(call, resource);
  const query = new URLSearchParams(call.query);
  if (subresource === 'portforward') {
    const ports = query.getAll('ports');
    query.delete('ports');
    for (const port of ports) query.append('port', port);
    return `/portForward/${namespace}/${name}?${query.toString()}`;
  }
  if (subresource !== 'exec' && subresource !== 'attach') throw pathNotFound();
  const container = containerOf(call, pod);
  query.delete('container');
  // The kubelet calls the streams by what they are to the container.
  for (const [ours, theirs] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
  ] as const) {
    const wanted = query.get(ours);
    query.delete(ours);
    if (wanted === 'true' || wanted === '1') query.set(theirs, '1');
  }
  const tty = query.get('tty');
  if (tty === 'true' || tty === '1') query.set('tty', '1');
  return `/${subresource}/${namespace}/${name}/${container}?${query.toString()}`;
}

function target(call: Call): Target {
  if (!call.info.resource) throw pathNotFound();
  return nodeTarget(call.services, podOf(call, call.info.resource), kubeletPath(call));
}

const headText = (status: string, rawHeaders: readonly string[]): string => {
  const lines = [`HTTP/1.1 ${status}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
};

export function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(statusBody(error));
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Connection',
    'close',
  ];
  socket.end(headText(`${error.code} ${error.reason}`, headers) + body);
}

/** Exec, attach and port-forward: the upgrade goes to the pod's node, and from then on bytes go both ways. */
export async function upgrade(call: Call, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  authorize(call);
  if (!['get', 'create'].includes(call.info.verb)) throw badRequest('exec needs GET or POST');
  const to = target(call);
  const headers = { ...request.headers, host: `${to.host}:${to.port}` };
  delete headers.authorization;
  await new Promise<void>((resolve, reject) => {
    const upstream = requestTo(to, { method: request.method ?? 'GET', headers });
    upstream.setTimeout(connectTimeout, () => upstream.destroy(new Error('no answer')));
    upstream.on('error', (error) =>
      reject(new ApiError(503, 'ServiceUnavailable', `error dialing backend: ${error.message}`)),
    );
    upstream.on('response', (response) => {
      socket.write(
        headText(`${response.statusCode} ${response.statusMessage}`, [...response.rawHeaders, 'Connection', 'close']),
      );
      response.pipe(socket);
      response.on('end', resolve);
    });
    upstream.on('upgrade', (response, nodeSocket, nodeHead) => {
      nodeSocket.setTimeout(0);
      socket.write(headText('101 Switching Protocols', response.rawHeaders));
      if (nodeHead.length > 0) socket.write(nodeHead);
      if (head.length > 0) nodeSocket.write(head);
      join(socket, nodeSocket);
      socket.on('close', resolve);
    });
    upstream.end();
  });
}
