import type { Service } from '../kube/objects.ts';
import { annotation, instanceRole, label, podRole } from '../labels.ts';
import { port, readOnlyService, readService, readWriteService } from '../naming.ts';
import { clusterName, objectMetadata } from './metadata.ts';
import type { ManagedService } from '../api/generated/cluster.ts';
import type { BuildSettings, Cluster } from './model.ts';

type Selector = 'rw' | 'r' | 'ro';

const selectors: Record<Selector, Record<string, string>> = {
  rw: { [label.instanceRole]: instanceRole.primary },
  ro: { [label.instanceRole]: instanceRole.replica },
  r: { [label.podRole]: podRole.instance },
};

const postgresPort = () => ({ name: 'postgres', port: port.postgres, targetPort: port.postgres, protocol: 'TCP' });

const selectorOf = (cluster: Cluster, type: Selector): Record<string, string> => ({
  [label.cluster]: clusterName(cluster),
  ...selectors[type],
});

export const serviceName = (cluster: string, type: Selector): string =>
  ({ rw: readWriteService, r: readService, ro: readOnlyService })[type](cluster);

function managedService(cluster: Cluster, settings: BuildSettings, managed: ManagedService): Service {
  const { metadata: own, spec } = managed.serviceTemplate;
  const metadata = objectMetadata(cluster, settings, own?.name ?? '', {
    labels: { ...own?.labels, [label.isManaged]: 'true' },
    annotations: { ...own?.annotations, [annotation.updateStrategy]: managed.updateStrategy ?? 'patch' },
  });
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      ...spec,
      ports: spec?.ports ?? [postgresPort()],
      selector: selectorOf(cluster, managed.selectorType),
    },
  };
}

/** The services of a cluster (reference §2.21): the default ones that are not disabled, then the managed ones. */
export function clusterServices(cluster: Cluster, settings: BuildSettings): Service[] {
  const services = cluster.spec.managed?.services;
  const disabled = services?.disabledDefaultServices ?? [];
  const defaults = (['rw', 'r', 'ro'] as const)
    .filter((type) => type === 'rw' || !disabled.includes(type))
    .map((type) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: objectMetadata(cluster, settings, serviceName(clusterName(cluster), type)),
      spec: {
        type: 'ClusterIP',
        ports: [postgresPort()],
        selector: selectorOf(cluster, type),
        // The elected primary labels its pod as it enters service; its probe says the same a second or two later (docs/adr/0023).
        ...(type === 'rw' ? { publishNotReadyAddresses: true } : {}),
      },
    }));
  return [...defaults, ...(services?.additional ?? []).map((managed) => managedService(cluster, settings, managed))];
}
