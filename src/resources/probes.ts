import type { Container } from '../kube/objects.ts';
import { port } from '../naming.ts';
import type { LivenessProbe, ProbeWithStrategy } from '../api/generated/cluster.ts';
import type { Cluster } from './model.ts';

type ProbeNumbers = Omit<ProbeWithStrategy & LivenessProbe, 'type' | 'maximumLag' | 'isolationCheck'>;

type Probe = NonNullable<Container['livenessProbe']>;

const numbersOf = (probe: ProbeNumbers | undefined): ProbeNumbers => {
  const { initialDelaySeconds, timeoutSeconds, periodSeconds, successThreshold, failureThreshold } = probe ?? {};
  const { terminationGracePeriodSeconds } = probe ?? {};
  return Object.fromEntries(
    Object.entries({
      initialDelaySeconds,
      timeoutSeconds,
      periodSeconds,
      successThreshold,
      failureThreshold,
      terminationGracePeriodSeconds,
    }).filter(([, value]) => value !== undefined),
  );
};

const ask = (path: string): Probe => ({ httpGet: { path, port: port.status, scheme: 'HTTPS' } });

/** A budget in seconds as a number of failures. */
const failures = (budgetSeconds: number, periodSeconds: number): number =>
  Math.max(1, Math.ceil(budgetSeconds / periodSeconds));

/**
 * The probes of an instance (reference §2.8). The start is probed each second, not every ten: the kubelet calls an instance ready, and
 * its cluster gets its next member, only after the probe that follows the start.
 */
export function instanceProbes({
  spec,
}: Cluster): Required<Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>> {
  const startupPeriod = spec.probes?.startup?.periodSeconds ?? 1;
  const livenessPeriod = spec.probes?.liveness?.periodSeconds ?? 10;
  const livenessFailures =
    spec.livenessProbeTimeout === undefined ? 3 : failures(spec.livenessProbeTimeout, livenessPeriod);
  return {
    startupProbe: {
      ...ask('/startupz'),
      periodSeconds: startupPeriod,
      timeoutSeconds: 5,
      failureThreshold: failures(spec.startDelay ?? 3600, startupPeriod),
      ...numbersOf(spec.probes?.startup),
    },
    readinessProbe: {
      ...ask('/readyz'),
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
      ...numbersOf(spec.probes?.readiness),
    },
    livenessProbe: {
      ...ask('/healthz'),
      periodSeconds: livenessPeriod,
      timeoutSeconds: 5,
      failureThreshold: livenessFailures,
      ...numbersOf(spec.probes?.liveness),
    },
  };
}
