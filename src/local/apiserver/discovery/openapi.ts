import { createHash } from 'node:crypto';
import { pathNotFound } from '../model/errors.ts';
import { json, jsonObject, type Answer } from '../http/answer.ts';
import { apiVersion, type Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Loose } from '../model/types.ts';

const gvPath = (resource: { group: string; version: string }): string =>
  resource.group === '' ? `api/${resource.version}` : `apis/${apiVersion(resource)}`;

/** The components that `names` need, directly or not. */
function reachable(components: Record<string, Loose>, names: readonly string[]): Record<string, Loose> {
  const found: Record<string, Loose> = {};
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name in found || !(name in components)) continue;
    found[name] = components[name];
    for (const match of JSON.stringify(found[name]).matchAll(/#\/components\/schemas\/([^"]+)/g))
      queue.push(match[1] ?? '');
  }
  return found;
}

const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

function customComponent(resource: Resource): Loose {
  const { group, version, kind, schema } = resource;
  const metadata = { $ref: `#/components/schemas/${objectMetaName}` };
  const identity = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata };
  return {
    type: 'object',
    ...schema,
    ...(schema?.properties || !schema?.['x-kubernetes-preserve-unknown-fields']
      ? { properties: { ...schema?.properties, ...identity } }
      : {}),
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

const queryParameter = (name: string): Loose => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });

/** The operations that kubectl looks at, to learn that the server validates fields itself. */
function paths(resource: Resource, component: string): Record<string, Loose> {
  const { group, version, kind, plural, namespaced } = resource;
  const base = `/${gvPath(resource)}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}`;
  const operation = (action: string): Loose => ({
    operationId: `${action}_${group}_${version}_${plural}`,
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(queryParameter),
    responses: {
      200: {
        description: 'OK',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${component}` } } },
      },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  });
  return {
    [base]: { post: operation('post') },
    [`${base}/{name}`]: {
      get: operation('get'),
      put: operation('put'),
      patch: operation('patch'),
      delete: operation('delete'),
    },
  };
}

function componentNames(components: Record<string, Loose>): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, schema] of Object.entries(components)) {
    for (const gvk of schema['x-kubernetes-group-version-kind'] ?? [])
      names.set(`${gvk.group}/${gvk.version}/${gvk.kind}`, name);
  }
  return names;
}

function document(registry: Registry, path: string): Loose {
  const resources = registry.all().filter((resource) => gvPath(resource) === path);
  if (resources.length === 0) throw pathNotFound();
  const components: Record<string, Loose> = { ...registry.schemas.components };
  const builtin = componentNames(components);
  const operations: Record<string, Loose> = {};
  const wanted: string[] = [];
  for (const resource of resources) {
    const { group, version, kind } = resource;
    const name =
      builtin.get(`${group}/${version}/${kind}`) ?? `${group.split('.').reverse().join('.')}.${version}.${kind}`;
    if (!(name in components)) components[name] = customComponent(resource);
    wanted.push(name);
    if (!resource.review) Object.assign(operations, paths(resource, name));
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35.0' },
    paths: operations,
    components: { schemas: reachable(components, wanted) },
  };
}

/** /openapi/v3 and the documents of its index. */
export function openApi(call: Call): Answer {
  const { registry } = call.services;
  const path = call.info.path.replace(/^\/openapi\/v3\/?/, '');
  if (!call.info.path.startsWith('/openapi/v3')) throw pathNotFound();
  if (path !== '') return json(200, JSON.stringify(document(registry, path)));
  const index: Record<string, Loose> = {};
  for (const resource of registry.all()) {
    const key = gvPath(resource);
    const hash = createHash('sha256')
      .update(
        key +
          registry
            .all()
            .filter((other) => gvPath(other) === key)
            .map((other) => other.crd?.metadata.resourceVersion ?? '')
            .join(),
      )
      .digest('hex');
    index[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${hash.slice(0, 32)}` };
  }
  return jsonObject(200, { paths: index });
}
