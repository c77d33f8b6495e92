import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest, notFound } from '../model/errors.ts';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../call/services.ts';
import { endToEnd, forward, type Target } from './node-proxy.ts';

const form = /^(?:(?<scheme>https?):)?(?<name>[^:]+)(?::(?<port>[^:]+))?$/;

/** `[scheme:]name[:port]` of pods/…/proxy/… to the pod's address. */
function podTarget(call: Call): Target {
  const { name: asked, namespace, rest } = call.info;
  const { scheme = 'http', name = '', port } = form.exec(asked)?.groups ?? {};
  const pod = call.services.store.get('/pods', namespace, name);
  if (!pod) throw notFound({ group: '', plural: 'pods', kind: 'Pod' }, name);
  const host = pod['status']?.podIP as string | undefined;
  if (!host) throw new ApiError(503, 'ServiceUnavailable', `address not allowed: pod ${name} has no address`);
  const ports = (pod['spec'].containers as { ports?: { name?: string; containerPort: number }[] }[]).flatMap(
    (c) => c.ports ?? [],
  );
  const named = ports.find((candidate) => candidate.name === port)?.containerPort;
  const number = named ?? (port === undefined ? ports[0]?.containerPort : Number(port));
  if (!number) throw badRequest(`no port ${JSON.stringify(port ?? '')} in pod ${name}`);
  const query = call.query.toString();
  return { secure: scheme === 'https', host, port: number, path: `/${rest}${query && `?${query}`}` };
}

/** Any method of pods/{name}/proxy/…, passed to the pod. */
export async function podProxy(call: Call, request: IncomingMessage): Promise<Answer> {
  const target = podTarget(call);
  const body = await call.body();
  const headers = {
    ...endToEnd(request.headers),
    host: `${target.host}:${target.port}`,
    'content-length': String(body.length),
  };
  const response = await forward(target, { method: request.method ?? 'GET', headers }, call.signal, body);
  return { kind: 'pipe', code: response.statusCode ?? 502, headers: endToEnd(response.headers), body: response };
}
