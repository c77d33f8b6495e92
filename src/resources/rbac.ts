import type { PolicyRule, Role, RoleBinding, ServiceAccount } from '../kube/objects.ts';
import { objectStoreNames } from '../api/cluster/plugin-store.ts';
import type { ObjectStore } from '../api/generated/object-store.ts';
import { jobRole } from '../labels.ts';
import { apiGroup, barmanPluginGroup, clusterScopedName, instanceName, jobName } from '../naming.ts';
import { clusterName, clusterNamespace, objectMetadata } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';
import { serviceAccountName } from './pod-spec.ts';
import { readableConfigMaps, readableSecrets } from './secret-names.ts';

/** A right and what it is for. The reason is not sent: it is here for whoever reviews the list. */
interface Right {
  readonly reason: string;
  readonly rule: PolicyRule;
}

const filling = [jobRole.initdb, jobRole.join, jobRole.recovery] as const;

/** The instances that there are, and those that the specification asks for. */
function presentAndComing(cluster: Cluster): string[] {
  const asked = Array.from({ length: cluster.spec.instances }, (_, index) => index + 1);
  const coming = asked.map((serial) => instanceName(clusterName(cluster), serial));
  return [...new Set([...(cluster.status?.instanceNames ?? []), ...coming])].sort();
}

/** What it has to read to be what it shall be, and to say what it is. */
function ownRights(cluster: Cluster, stores: readonly ObjectStore[]): Right[] {
  const name = clusterName(cluster);
  const configMaps = readableConfigMaps(cluster);
  return [
    {
      reason: 'reads what it shall be: role, configuration, fencing',
      rule: { apiGroups: [apiGroup], resources: ['clusters'], resourceNames: [name], verbs: ['get', 'list', 'watch'] },
    },
    {
      reason: 'says who is primary, whether archiving works, when the last backup was taken',
      rule: {
        apiGroups: [apiGroup],
        resources: ['clusters/status'],
        resourceNames: [name],
        verbs: ['get', 'patch', 'update'],
      },
    },
    {
      reason: 'certificates, passwords of roles, credentials of the object store; these and no others',
      rule: {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: readableSecrets(cluster, stores),
        verbs: ['get', 'list', 'watch'],
      },
    },
    ...(configMaps.length === 0
      ? []
      : [
          {
            reason: 'SQL of the bootstrap and queries of the metrics that the user refers to',
            rule: {
              apiGroups: [''],
              resources: ['configmaps'],
              resourceNames: configMaps,
              verbs: ['get', 'list', 'watch'],
            },
          },
        ]),
  ];
}

function backupRights(cluster: Cluster): Right[] {
  const storeNames = objectStoreNames(cluster);
  return [
    {
      reason:
        'takes the backups that are assigned to it, and finds the one to recover from; users name them, so no names here',
      rule: { apiGroups: [apiGroup], resources: ['backups'], verbs: ['get', 'list', 'watch'] },
    },
    {
      reason: 'the objects of backups that the retention policy has removed from the store go with them',
      rule: { apiGroups: [apiGroup], resources: ['backups'], verbs: ['delete'] },
    },
    {
      reason: 'reports on the backups it takes',
      rule: { apiGroups: [apiGroup], resources: ['backups/status'], verbs: ['get', 'patch', 'update'] },
    },
    ...(storeNames.length === 0
      ? []
      : [
          {
            reason: 'the object stores that its plugin entries name',
            rule: {
              apiGroups: [barmanPluginGroup],
              resources: ['objectstores'],
              resourceNames: storeNames,
              verbs: ['get', 'list', 'watch'],
            },
          },
          {
            reason: 'says there what can be restored',
            rule: {
              apiGroups: [barmanPluginGroup],
              resources: ['objectstores/status'],
              resourceNames: storeNames,
              verbs: ['get', 'patch', 'update'],
            },
          },
        ]),
  ];
}

/** Elections, promotions, Jobs that make instances; and telling of it. */
function roleRights(cluster: Cluster): Right[] {
  const name = clusterName(cluster);
  const instances = presentAndComing(cluster);
  return [
    {
      reason: 'the lease of the cluster: holding it is what makes a primary',
      rule: {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: [name],
        verbs: ['get', 'list', 'watch', 'update', 'patch'],
      },
    },
    {
      reason: 'makes the lease again that somebody deleted (rule 6); a create cannot be limited to a name',
      rule: { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    },
    {
      reason: 'the set of synchronous standbys in force, for people and tools; a create cannot be limited to a name',
      rule: { apiGroups: [apiGroup], resources: ['failoverquorums'], verbs: ['create'] },
    },
    {
      reason: 'the same, to keep it up to date',
      rule: {
        apiGroups: [apiGroup],
        resources: ['failoverquorums', 'failoverquorums/status'],
        resourceNames: [name],
        verbs: ['get', 'patch', 'update'],
      },
    },
    {
      reason: 'the addresses of its peers and primary, without waiting for DNS',
      rule: { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    },
    {
      reason: 'at a promotion: the role label goes from the old primary to the new one, also when the operator is away',
      rule: { apiGroups: [''], resources: ['pods'], resourceNames: instances, verbs: ['patch'] },
    },
    {
      reason: 'a Job that fills volumes says so as soon as it has',
      rule: {
        apiGroups: ['batch'],
        resources: ['jobs'],
        resourceNames: instances.flatMap((instance) => filling.map((role) => jobName(instance, role))),
        verbs: ['patch'],
      },
    },
    {
      reason: 'tells people what it did',
      rule: { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    },
  ];
}

export const instanceRights = (cluster: Cluster, stores: readonly ObjectStore[] = []): Right[] => [
  ...ownRights(cluster, stores),
  ...backupRights(cluster),
  ...roleRights(cluster),
];

export function instanceServiceAccount(cluster: Cluster, settings: BuildSettings): ServiceAccount | undefined {
  if (cluster.spec.serviceAccountName !== undefined) return undefined;
  const template = cluster.spec.serviceAccountTemplate?.metadata;
  const pullSecrets = cluster.spec.imagePullSecrets ?? [];
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: objectMetadata(cluster, settings, clusterScopedName(clusterName(cluster)), {
      ...(template?.labels === undefined ? {} : { labels: template.labels }),
      ...(template?.annotations === undefined ? {} : { annotations: template.annotations }),
    }),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map(({ name }) => ({ name })) }),
  };
}

export const instanceRoleObject = (
  cluster: Cluster,
  settings: BuildSettings,
  stores: readonly ObjectStore[] = [],
): Role => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: objectMetadata(cluster, settings, clusterScopedName(clusterName(cluster))),
  rules: instanceRights(cluster, stores).map(({ rule }) => rule),
});

export const instanceRoleBinding = (cluster: Cluster, settings: BuildSettings): RoleBinding => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: objectMetadata(cluster, settings, clusterScopedName(clusterName(cluster))),
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'Role',
    name: clusterScopedName(clusterName(cluster)),
  },
  subjects: [{ kind: 'ServiceAccount', name: serviceAccountName(cluster), namespace: clusterNamespace(cluster) }],
});
