import type { Container, PodSpec } from '../kube/objects.ts';
import { clusterScopedName, container, port } from '../naming.ts';
import { program } from '../paths.ts';
import { instanceEnvironment } from './environment.ts';
import { clusterImage, clusterName } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';
import { instanceProbes } from './probes.ts';
import { scheduling } from './scheduling.ts';
import { containerSecurityContext, podSecurityContext } from './security.ts';
import { bootstrapMounts, instanceMounts, instanceVolumes } from './volumes.ts';

export const serviceAccountName = (cluster: Cluster): string =>
  cluster.spec.serviceAccountName ?? clusterScopedName(clusterName(cluster));

const resources = ({ spec }: Cluster): Pick<Container, 'resources'> =>
  spec.resources === undefined ? {} : { resources: spec.resources };
const pullPolicy = ({ spec }: Cluster): Pick<Container, 'imagePullPolicy'> =>
  spec.imagePullPolicy === undefined ? {} : { imagePullPolicy: spec.imagePullPolicy };

/** Puts the program into the pod, so that any PostgreSQL image will do. */
const bootstrapContainer = (cluster: Cluster, settings: BuildSettings): Container => ({
  name: container.bootstrap,
  image: settings.operatorImage,
  ...pullPolicy(cluster),
  command: [`${program.inImage}/bin/howdah`, 'bootstrap', program.inPod],
  volumeMounts: bootstrapMounts(),
  securityContext: containerSecurityContext(cluster),
  ...resources(cluster),
});

/** A container of the PostgreSQL image with an instance's volumes and environment. */
function postgresContainer(
  cluster: Cluster,
  settings: BuildSettings,
  instance: string,
  own: { name: string; command: string[] },
): Container {
  return {
    ...own,
    image: clusterImage(cluster, settings),
    ...pullPolicy(cluster),
    env: instanceEnvironment(cluster, settings, instance),
    ...(cluster.spec.envFrom === undefined ? {} : { envFrom: cluster.spec.envFrom }),
    volumeMounts: instanceMounts(cluster),
    securityContext: containerSecurityContext(cluster),
    ...resources(cluster),
  };
}

function podSpec(cluster: Cluster, settings: BuildSettings, instance: string, main: Container): PodSpec {
  const pullSecrets = cluster.spec.imagePullSecrets ?? [];
  return {
    initContainers: [bootstrapContainer(cluster, settings)],
    containers: [main],
    volumes: instanceVolumes(cluster, instance),
    serviceAccountName: serviceAccountName(cluster),
    automountServiceAccountToken: false,
    securityContext: podSecurityContext(cluster),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map(({ name }) => ({ name })) }),
    ...scheduling(cluster),
  };
}

export function instancePodSpec(cluster: Cluster, settings: BuildSettings, instance: string): PodSpec {
  const level = cluster.spec.logLevel ?? 'info';
  const main = postgresContainer(cluster, settings, instance, {
    name: container.postgres,
    command: [`${program.inPod}/bin/supervise`, 'instance', 'run', `--log-level=${level}`],
  });
  return {
    ...podSpec(cluster, settings, instance, {
      ...main,
      ports: [
        { name: 'postgresql', containerPort: port.postgres, protocol: 'TCP' },
        { name: 'metrics', containerPort: port.metrics, protocol: 'TCP' },
        { name: 'status', containerPort: port.status, protocol: 'TCP' },
      ],
      ...instanceProbes(cluster),
    }),
    hostname: instance,
    terminationGracePeriodSeconds: cluster.spec.stopDelay ?? 1800,
  };
}

/** A Job's pod: the same place, volumes and rights as the instance that it prepares. */
export function jobPodSpec(
  cluster: Cluster,
  settings: BuildSettings,
  instance: string,
  own: { name: string; command: string },
): PodSpec {
  const level = cluster.spec.logLevel ?? 'info';
  const main = postgresContainer(cluster, settings, instance, {
    name: own.name,
    command: [`${program.inPod}/bin/howdah`, 'instance', own.command, `--log-level=${level}`],
  });
  // The reason of a failure is the last line of the log: it goes to the status of the Cluster.
  const container: Container = { ...main, terminationMessagePolicy: 'FallbackToLogsOnError' };
  return {
    ...podSpec(cluster, settings, instance, container),
    ...scheduling(cluster, instance),
    restartPolicy: 'Never',
  };
}
