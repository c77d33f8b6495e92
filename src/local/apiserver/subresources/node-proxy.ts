import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { ApiError, badRequest, notFound } from '../model/errors.ts';
import type { Answer } from '../http/answer.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call, Services } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';

/** Where a request is passed on to. */
export interface Target {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Present towards nodes: they know the server by its certificate. */
  readonly client?: { readonly cert: string; readonly key: string; readonly ca: string };
}

const connectTimeout = 10_000;

export function podOf(call: Call, resource: Resource): Obj {
  const found = call.services.store.get('/pods', call.info.namespace, call.info.name);
  if (!found) throw notFound(resource, call.info.name);
  return found;
}

/** The kubelet API of the pod's node. */
export function nodeTarget(services: Services, pod: Obj, path: string): Target {
  const { name } = pod.metadata;
  const nodeName = pod['spec'].nodeName as string | undefined;
  if (!nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  const status: Loose = services.store.get('/nodes', undefined, nodeName)?.['status'];
  const host = (status?.addresses ?? []).find((address: Loose) => address.type === 'InternalIP')?.address;
  if (!host) throw new ApiError(500, 'InternalError', `no address of node ${nodeName} is known`);
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250;
  const client = services.nodeClient && { ...services.nodeClient, ca: services.caCertificate };
  return { secure: true, host, port, path, ...(client && { client }) };
}

/** The container that a request means: the named one, the annotated one, or the only one. */
export function containerOf(call: Call, pod: Obj): string {
  const asked = call.query.get('container');
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod['spec'];
  const names = [...containers, ...initContainers, ...ephemeralContainers].map(
    (container: Loose) => container.name as string,
  );
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  const name = asked ?? annotated ?? (containers.length === 1 ? containers[0].name : undefined);
  if (name === undefined) {
    throw badRequest(
      `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
    );
  }
  if (!names.includes(name)) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
  return name;
}

export const requestTo = (target: Target, options: http.RequestOptions): http.ClientRequest => {
  const { host, port, path, client } = target;
  const common = { host, port, path, agent: false, ...options };
  // A pod's own certificate is its own affair, as in Kubernetes; a node must show one of our authority.
  return target.secure
    ? https.request({ ...common, rejectUnauthorized: client !== undefined, ...client })
    : http.request(common);
};

const unreachable = (target: Target, error: Error): ApiError =>
  new ApiError(503, 'ServiceUnavailable', `error trying to reach ${target.host}:${target.port}: ${error.message}`);

/** Sends the request and resolves with the head of the answer. */
export function forward(
  target: Target,
  options: http.RequestOptions,
  signal: AbortSignal,
  body?: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = requestTo(target, { ...options, signal });
    request.setTimeout(connectTimeout, () => request.destroy(new Error('no answer')));
    request.on('error', (error) => reject(unreachable(target, error)));
    request.on('response', (response) => {
      request.setTimeout(0);
      resolve(response);
    });
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** GET pods/{name}/log. */
export async function podLogs(call: Call, resource: Resource): Promise<Answer> {
  const pod = podOf(call, resource);
  const container = containerOf(call, pod);
  const query = new URLSearchParams(call.query);
  query.delete('container');
  const { namespace, name } = call.info;
  const target = nodeTarget(call.services, pod, `/containerLogs/${namespace}/${name}/${container}?${query.toString()}`);
  const response = await forward(target, {}, call.signal);
  if (response.statusCode !== 200) {
    const message = (await textOf(response)).trim();
    throw response.statusCode === 404 ? new ApiError(404, 'NotFound', message) : badRequest(message);
  }
  return { kind: 'pipe', code: 200, headers: { 'content-type': 'text/plain' }, body: response };
}

const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'host',
  'authorization',
  'te',
  'trailer',
]);

export const endToEnd = (headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)));

/** Joins two sockets until either ends. */
export function join(a: Duplex, b: Duplex): void {
  const end = (): void => {
    a.destroy();
    b.destroy();
  };
  a.on('error', end).on('close', end).pipe(b);
  b.on('error', end).on('close', end).pipe(a);
}
