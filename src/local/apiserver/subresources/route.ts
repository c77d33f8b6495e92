import { pathNotFound } from '../model/errors.ts';
import type { Answer } from '../http/answer.ts';
import type { Resource } from '../kinds/resource.ts';
import { finalizeNamespace } from '../lifecycle/namespaces.ts';
import type { Call } from '../call/services.ts';
import { podLogs } from './node-proxy.ts';
import { bind, evict } from './pod-actions.ts';
import { scale } from './scale.ts';
import { requestToken } from './token.ts';

type SubresourceHandler = (call: Call, resource: Resource) => Promise<Answer>;

const handlers: Readonly<Record<string, SubresourceHandler>> = {
  'create /pods/binding': bind,
  'create /pods/eviction': evict,
  'get /pods/log': podLogs,
  'create /serviceaccounts/token': requestToken,
  'update /namespaces/finalize': finalizeNamespace,
};

/** Sub-resources other than status; undefined when this is none of them. */
export function subresource(call: Call, resource: Resource): Promise<Answer> | undefined {
  const { subresource: name, verb } = call.info;
  if (name === '' || name === 'status') return undefined;
  if (name === 'scale' && resource.scale && ['get', 'update', 'patch'].includes(verb))
    return scale(call, resource, resource.scale);
  const handler = handlers[`${verb} ${resource.storage}/${name}`];
  if (!handler) throw pathNotFound();
  return handler(call, resource);
}
