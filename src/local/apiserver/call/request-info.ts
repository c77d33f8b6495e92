import type { Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';

/** What a request asks for, as authorization and admission see it. */
export interface RequestInfo {
  readonly verb: string;
  readonly path: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What follows the sub-resource, for proxies. */
  readonly rest: string;
  /** Undefined when nothing of that name is served. */
  readonly resource: Resource | undefined;
}

const verbs: Record<string, [one: string, many: string]> = {
  GET: ['get', 'list'],
  HEAD: ['get', 'list'],
  POST: ['create', 'create'],
  PUT: ['update', 'update'],
  PATCH: ['patch', 'patch'],
  DELETE: ['delete', 'deletecollection'],
};

/** Sub-resources of namespaces; any other second part below a namespace is a resource in it. */
const namespaceSubresources = new Set(['status', 'finalize']);

export function parseRequest(method: string, url: URL, registry: Registry): RequestInfo {
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const core = parts[0] === 'api';
  const nonResource: RequestInfo = {
    verb: method.toLowerCase(),
    path: url.pathname,
    isResource: false,
    group: '',
    version: '',
    plural: '',
    subresource: '',
    namespace: '',
    name: '',
    rest: '',
    resource: undefined,
  };
  const offset = core ? 2 : 3;
  if ((!core && parts[0] !== 'apis') || parts.length <= offset) return nonResource;
  const group = core ? '' : (parts[1] ?? '');
  const version = parts[offset - 1] ?? '';
  let rest = parts.slice(offset);
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length >= 2) {
    namespace = rest[1] ?? '';
    if (rest.length >= 3 && !namespaceSubresources.has(rest[2] ?? '')) rest = rest.slice(2);
  }
  const [plural = '', name = '', subresource = '', ...deeper] = rest;
  const watching = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  const [one, many] = verbs[method] ?? [method.toLowerCase(), method.toLowerCase()];
  let verb = name === '' ? many : one;
  if (watching && method === 'GET' && (verb === 'list' || subresource === '')) verb = 'watch';
  return {
    ...nonResource,
    verb,
    isResource: true,
    group,
    version,
    plural,
    subresource,
    namespace: plural === 'namespaces' && group === '' ? name : namespace,
    name,
    rest: deeper.join('/'),
    resource: registry.find(group, version, plural),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
