import type { Container } from '../kube/objects.ts';
import { annotation } from '../labels.ts';
import { port } from '../naming.ts';
import { instancePaths } from '../paths.ts';
import { clusterName, clusterNamespace } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';

type Variable = NonNullable<Container['env']>[number];

const fromPod = (name: string, fieldPath: string): Variable => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
});

/** The environment of an instance (reference §2.1) and of the Jobs that make it; POD_NAME is the instance in both. */
export function instanceEnvironment(cluster: Cluster, settings: BuildSettings, instance: string): Variable[] {
  const paths = instancePaths('');
  return [
    { name: 'PGDATA', value: paths.data },
    { name: 'POD_NAME', value: instance },
    { name: 'NAMESPACE', value: clusterNamespace(cluster) },
    { name: 'CLUSTER_NAME', value: clusterName(cluster) },
    { name: 'PSQL_HISTORY', value: `${paths.temporary}/.psql_history` },
    { name: 'PGPORT', value: String(port.postgres) },
    { name: 'PGHOST', value: paths.sockets },
    { name: 'TMPDIR', value: paths.temporary },
    { name: 'CNPG_STANDBY_TCP_USER_TIMEOUT', value: String(settings.standbyTcpUserTimeoutMs) },
    fromPod('POD_IP', 'status.podIP'),
    fromPod('POD_UID', 'metadata.uid'),
    fromPod('NODE_NAME', 'spec.nodeName'),
    fromPod('HOWDAH_STARTS_BESIDE', `metadata.annotations['${annotation.startsBeside}']`),
    ...(cluster.spec.env ?? []),
  ];
}
