import type { OwnerReference } from '../kube/types.ts';
import { annotation, label, managedByValue } from '../labels.ts';
import { apiVersion } from '../naming.ts';
import { imageMajor } from './image.ts';
import type { BuildSettings, Cluster } from './model.ts';

export const clusterName = (cluster: Cluster): string => cluster.metadata?.name ?? '';
export const clusterNamespace = (cluster: Cluster): string => cluster.metadata?.namespace ?? '';
export const clusterImage = (cluster: Cluster, settings: BuildSettings): string =>
  cluster.spec.imageName ?? cluster.status?.image ?? settings.postgresImage;

/** Everything that is made for a cluster belongs to it, and goes with it. */
export const ownedBy = (cluster: Cluster): OwnerReference[] => [
  {
    apiVersion,
    kind: 'Cluster',
    name: clusterName(cluster),
    uid: cluster.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  },
];

const globExpression = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

function selected(
  from: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
): Record<string, string> {
  const expressions = names.map(globExpression);
  return Object.fromEntries(
    Object.entries(from ?? {}).filter(([name]) => expressions.some((expression) => expression.test(name))),
  );
}

/** Labels and annotations that the user wants on every object of the cluster (reference §2.39). */
export const inherited = (cluster: Cluster, settings: BuildSettings) => ({
  labels: {
    ...selected(cluster.metadata?.labels, settings.inheritedLabels),
    ...cluster.spec.inheritedMetadata?.labels,
  },
  annotations: {
    ...selected(cluster.metadata?.annotations, settings.inheritedAnnotations),
    ...cluster.spec.inheritedMetadata?.annotations,
  },
});

/** The recommended labels of Kubernetes, as CloudNativePG sets them. */
export function applicationLabels(cluster: Cluster, settings: BuildSettings): Record<string, string> {
  const major = imageMajor(clusterImage(cluster, settings));
  return {
    [label.appManagedBy]: managedByValue,
    [label.appName]: 'postgresql',
    [label.appComponent]: 'database',
    [label.appInstance]: clusterName(cluster),
    ...(major === undefined ? {} : { [label.appVersion]: String(major) }),
  };
}

export interface ObjectMetadata {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  ownerReferences: OwnerReference[];
}

/** Metadata of an object of the cluster. Our own keys win over inherited ones. */
export function objectMetadata(
  cluster: Cluster,
  settings: BuildSettings,
  name: string,
  own: { labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): ObjectMetadata {
  const fromUser = inherited(cluster, settings);
  return {
    name,
    namespace: clusterNamespace(cluster),
    labels: {
      ...fromUser.labels,
      ...applicationLabels(cluster, settings),
      [label.cluster]: clusterName(cluster),
      ...own.labels,
    },
    annotations: {
      ...fromUser.annotations,
      [annotation.operatorVersion]: settings.operatorVersion,
      ...own.annotations,
    },
    ownerReferences: ownedBy(cluster),
  };
}
