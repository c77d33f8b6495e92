import type { IncomingMessage } from 'node:http';
import { denial, type Attributes } from './auth/rbac.ts';
import { review } from './rest/reviews.ts';
import { discovery } from './discovery/discovery.ts';
import { openApi } from './discovery/openapi.ts';
import { ApiError, methodNotAllowed, pathNotFound } from './model/errors.ts';
import { objects } from './rest/route.ts';
import { podProxy } from './subresources/pod-proxy.ts';
import { subresource } from './subresources/route.ts';
import type { Call } from './call/services.ts';
import { json, jsonObject, type Answer } from './http/answer.ts';

/** A list or watch of one object by name is a request for that name: so rules with resourceNames allow it, as in Kubernetes. */
function selectedName(call: Call): string | undefined {
  if (!['list', 'watch', 'deletecollection'].includes(call.info.verb)) return undefined;
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(call.query.get('fieldSelector') ?? '')?.[1];
}

export function attributesOf(call: Call): Attributes {
  const name = call.info.name || selectedName(call);
  return { ...call.info, ...(name && { name }), user: call.user };
}

export function authorize(call: Call): void {
  const wanted = attributesOf(call);
  if (call.services.rbac.allows(wanted)) return;
  throw new ApiError(403, 'Forbidden', denial(wanted), {
    ...(wanted.name && { name: wanted.name }),
    ...(wanted.group && { group: wanted.group }),
    ...(wanted.isResource && { kind: wanted.plural }),
  });
}

const health = new Set(['healthz', 'livez', 'readyz']);

const version = {
  major: '1',
  minor: '35',
  gitVersion: 'v1.35.0-howdah',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
};

async function nonResource(call: Call): Promise<Answer> {
  const [root = ''] = call.info.path.split('/').filter((part) => part !== '');
  if (call.info.verb !== 'get' && call.info.verb !== 'head') throw methodNotAllowed();
  if (health.has(root)) return json(200, 'ok', 'text/plain; charset=utf-8');
  if (root === 'version') return jsonObject(200, version);
  if (root === 'api' || root === 'apis') return discovery(call);
  if (root === 'openapi') return openApi(call);
  throw pathNotFound();
}

/** From an authenticated request to its answer. */
export async function dispatch(call: Call, request: IncomingMessage): Promise<Answer> {
  authorize(call);
  if (!call.info.isResource) return nonResource(call);
  const { resource, verb } = call.info;
  if (!resource) throw pathNotFound();
  if (resource.review) {
    if (verb !== 'create') throw methodNotAllowed();
    return review(call, resource);
  }
  if (resource.storage === '/pods' && call.info.subresource === 'proxy') return podProxy(call, request);
  return subresource(call, resource) ?? objects(call, resource);
}
