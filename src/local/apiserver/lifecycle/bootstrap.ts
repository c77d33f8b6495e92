import { randomUUID } from 'node:crypto';
import { timestamp } from '../model/time.ts';
import type { Services } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';

/** Creates an object of the server's own, unless it is there. */
export function ensure(services: Services, storage: string, object: Loose): void {
  const { name, namespace } = object.metadata;
  if (services.store.get(storage, namespace, name)) return;
  const metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp: timestamp(services.now()) };
  services.store.put(storage, { ...object, metadata } as Obj, undefined);
}

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const namespace = (name: string): Loose => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
});

/** What every namespace gets: the default account, and the authority that pods verify the server with. */
export function furnishNamespace(services: Services, name: string): void {
  ensure(services, '/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: name },
  });
  ensure(services, '/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-root-ca.crt', namespace: name },
    data: { 'ca.crt': services.caCertificate },
  });
}

const rbac = 'rbac.authorization.k8s.io';
const everything = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Brings the state of a first start; a later one adds only what is missing. */
export async function bootstrap(services: Services): Promise<void> {
  for (const name of namespaces) ensure(services, '/namespaces', namespace(name));
  ensure(services, `${rbac}/clusterroles`, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'cluster-admin' },
    rules: everything,
  });
  ensure(services, `${rbac}/clusterrolebindings`, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'cluster-admin' },
    subjects: [{ kind: 'Group', apiGroup: rbac, name: 'system:masters' }],
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
  });
  for (const object of services.store.list('/namespaces')) {
    if (!object.metadata.deletionTimestamp) furnishNamespace(services, object.metadata.name ?? '');
  }
  services.store.subscribe((changes) => {
    for (const { resource, type, object } of changes) {
      if (resource === '/namespaces' && type === 'ADDED') furnishNamespace(services, object.metadata.name ?? '');
    }
  });
  await services.store.settled();
}
