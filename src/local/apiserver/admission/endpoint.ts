import type { Services } from '../call/services.ts';
import type { Loose } from '../model/types.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The name that the certificate must be for. */
  readonly servername: string;
  readonly ca: string | undefined;
}

/** A ready address of the service, by its slices; its ClusterIP when none is listed. */
function serviceAddress(
  services: Services,
  namespace: string,
  name: string,
  port: number,
): { host: string; port: number } {
  const service = services.store.get('/services', namespace, name);
  if (!service) throw new Error(`service "${name}" not found`);
  const wanted = ((service['spec'].ports ?? []) as Loose[]).find((candidate) => candidate.port === port);
  for (const slice of services.store.list('discovery.k8s.io/endpointslices', namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const endpoint = ((slice['endpoints'] ?? []) as Loose[]).find((candidate) => candidate.conditions?.ready !== false);
    const target = ((slice['ports'] ?? []) as Loose[]).find(
      (candidate) => (candidate.name ?? '') === (wanted?.name ?? ''),
    );
    if (endpoint?.addresses?.[0] && target?.port) return { host: endpoint.addresses[0], port: target.port };
  }
  const { clusterIP } = service['spec'];
  if (!clusterIP || clusterIP === 'None') throw new Error(`no endpoints available for service "${name}"`);
  return { host: clusterIP, port };
}

/** Where a webhook's clientConfig points to. */
export function endpointOf(services: Services, clientConfig: Loose): Endpoint {
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, 'base64').toString('utf8') : undefined;
  if (clientConfig.url) {
    const url = new URL(clientConfig.url);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return { host, port: Number(url.port || 443), path: url.pathname + url.search, servername: host, ca };
  }
  const { namespace, name, path = '/', port = 443 } = clientConfig.service;
  return { ...serviceAddress(services, namespace, name, port), path, servername: `${name}.${namespace}.svc`, ca };
}
