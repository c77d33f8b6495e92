import { otherSubresources } from '../kinds/builtin.ts';
import { pathNotFound } from '../model/errors.ts';
import { json, jsonObject, type Answer } from '../http/answer.ts';
import { apiVersion, type Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Loose } from '../model/types.ts';

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const statusVerbs = ['get', 'patch', 'update'];

interface Subresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

function subresources(resource: Resource): Subresource[] {
  const found: Subresource[] = [];
  const { group, version, kind } = resource;
  if (resource.status) found.push({ name: 'status', group, version, kind, verbs: statusVerbs });
  if (resource.scale)
    found.push({ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: statusVerbs });
  if (group === '') found.push(...otherSubresources.filter((other) => other.resource === resource.plural));
  return found;
}

const verbsOf = (resource: Resource): string[] => (resource.review ? ['create'] : objectVerbs);

/** Groups with their versions, in the order of the registry. */
function groups(registry: Registry): Map<string, Map<string, Resource[]>> {
  const found = new Map<string, Map<string, Resource[]>>();
  for (const resource of registry.all()) {
    const versions = found.get(resource.group) ?? new Map<string, Resource[]>();
    versions.set(resource.version, [...(versions.get(resource.version) ?? []), resource]);
    found.set(resource.group, versions);
  }
  return found;
}

function legacyResource(resource: Resource): Loose[] {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: verbsOf(resource),
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
    },
    ...subresources(resource).map((sub) => ({
      name: `${plural}/${sub.name}`,
      singularName: '',
      namespaced,
      ...(sub.group !== resource.group && { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ];
}

function aggregatedResource(resource: Resource): Loose {
  const { plural, singular, namespaced, kind, shortNames, categories, group, version } = resource;
  const subs = subresources(resource);
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subs.length > 0 && {
      subresources: subs.map((sub) => ({
        subresource: sub.name,
        responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
        verbs: sub.verbs,
      })),
    }),
  };
}

function aggregated(registry: Registry, core: boolean): Answer {
  const items = [...groups(registry)]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: { creationTimestamp: null, ...(group && { name: group }) },
      versions: [...versions].map(([version, resources]) => ({
        version,
        resources: resources.map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
  const body = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  return json(200, JSON.stringify(body), 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
}

const groupBody = (group: string, versions: Iterable<string>): Loose => {
  const all = [...versions].map((version) => ({ groupVersion: apiVersion({ group, version }), version }));
  return { name: group, versions: all, preferredVersion: all[0] };
};

/** /api, /apis, /api/v1, /apis/<group>, /apis/<group>/<version>. */
export function discovery(call: Call): Answer {
  const { registry, advertised } = call.services;
  const [root, first, second] = call.info.path.split('/').filter((part) => part !== '');
  if (first === undefined && call.accept.includes('g=apidiscovery.k8s.io;v=v2;'))
    return aggregated(registry, root === 'api');
  const known = groups(registry);
  if (root === 'api' && first === undefined) {
    const serverAddress = `${advertised.address}:${advertised.port}`;
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }];
    return jsonObject(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs });
  }
  if (first === undefined) {
    const named = [...known].filter(([group]) => group !== '');
    const list = named.map(([group, versions]) => groupBody(group, versions.keys()));
    return jsonObject(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: list });
  }
  const group = root === 'api' ? '' : first;
  const version = root === 'api' ? first : second;
  const versions = known.get(group);
  if (versions && version === undefined) {
    return jsonObject(200, { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group, versions.keys()) });
  }
  const resources = versions?.get(version ?? '');
  if (!resources) throw pathNotFound();
  return jsonObject(200, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion({ group, version: version ?? '' }),
    resources: resources.flatMap(legacyResource),
  });
}
