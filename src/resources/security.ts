import type { Container, PodSpec } from '../kube/objects.ts';
import type { Cluster } from './model.ts';

/** Pods meet the *restricted* Pod Security Standard unless the user asks for something else. */
export function podSecurityContext({ spec }: Cluster): NonNullable<PodSpec['securityContext']> {
  return {
    runAsNonRoot: true,
    runAsUser: spec.postgresUID ?? 26,
    runAsGroup: spec.postgresGID ?? 26,
    fsGroup: spec.postgresGID ?? 26,
    // Without it the kubelet walks through all of PGDATA at each start.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: spec.seccompProfile ?? { type: 'RuntimeDefault' },
    ...spec.podSecurityContext,
  };
}

export function containerSecurityContext({ spec }: Cluster): NonNullable<Container['securityContext']> {
  return {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: spec.seccompProfile ?? { type: 'RuntimeDefault' },
    ...spec.securityContext,
  };
}
