// Timings, probes, and how changes are rolled out.
import { choice, flag, integer, object } from '../../schema/schema.ts';
import { maximumLag } from '../common.ts';

const probeNumbers = {
  initialDelaySeconds: integer('Seconds after the start of the container before the first probe.', { format: 'int32' }),
  timeoutSeconds: integer('Seconds after which a probe fails.', { format: 'int32' }),
  periodSeconds: integer('Seconds between probes.', { format: 'int32' }),
  successThreshold: integer('Successes in a row after which a failed probe counts as passed.', { format: 'int32' }),
  failureThreshold: integer('Failures in a row after which the probe counts as failed.', { format: 'int32' }),
  terminationGracePeriodSeconds: integer('Grace period of a pod whose probe failed.', { format: 'int64' }),
} as const;

const probeWithStrategy = (description: string): ReturnType<typeof object> =>
  object('ProbeWithStrategy', description, {
    ...probeNumbers,
    type: choice(['pg_isready', 'streaming', 'query'], 'What the probe checks.'),
    maximumLag,
  });

const livenessProbe = object('LivenessProbe', 'Liveness probe of the instances.', {
  ...probeNumbers,
  isolationCheck: object('IsolationCheckConfiguration', 'Whether an isolated primary stops itself.', {
    enabled: flag('A primary that reaches neither the API server nor another instance fails its liveness probe.', {
      default: true,
    }),
    requestTimeout: integer('Milliseconds that a request to another instance may take.', { default: 1000 }),
    connectionTimeout: integer('Milliseconds that a connection to another instance may take.', { default: 1000 }),
  }),
});

const primaryLease = object('PrimaryLeaseConfiguration', 'The Lease that the primary holds.', {
  leaseDurationSeconds: integer('Seconds after which a lease that is not renewed may be taken.', {
    format: 'int32',
    minimum: 1,
    default: 15,
  }),
  renewDeadlineSeconds: integer('Seconds in which the primary must have renewed its lease, or it stops.', {
    format: 'int32',
    minimum: 1,
    default: 10,
  }),
  retryPeriodSeconds: integer('Seconds between two attempts.', { format: 'int32', minimum: 1, default: 2 }),
  releasedLeaseDurationSeconds: integer('Duration, in seconds, of a lease that was given up.', {
    format: 'int32',
    minimum: 1,
    default: 1,
  }),
});

export const availabilityFields = {
  startDelay: integer('Seconds that an instance may take to start.', { format: 'int32', default: 3600 }),
  stopDelay: integer('Seconds that an instance may take to stop.', { format: 'int32', default: 1800 }),
  smartShutdownTimeout: integer('Seconds of stopDelay that a smart shutdown may take, before the fast one.', {
    format: 'int32',
    default: 180,
  }),
  switchoverDelay: integer('Seconds that the old primary may take to stop in a switchover.', {
    format: 'int32',
    default: 3600,
  }),
  failoverDelay: integer('Seconds between the failure of the primary and the failover.', {
    format: 'int32',
    default: 0,
  }),
  livenessProbeTimeout: integer(
    'Seconds after which an instance whose liveness probe fails is restarted; default: 30.',
    {
      format: 'int32',
    },
  ),
  primaryUpdateStrategy: choice(
    ['unsupervised', 'supervised'],
    'Whether the primary is updated last of all by itself, or when a person says so.',
    { default: 'unsupervised' },
  ),
  primaryUpdateMethod: choice(
    ['switchover', 'restart'],
    'Whether an updated primary is restarted, or hands over first.',
    {
      default: 'restart',
    },
  ),
  primaryLease,
  probes: object('ProbesConfiguration', 'Probes of the instances.', {
    startup: probeWithStrategy('Startup probe; default type: pg_isready, on a replica streaming.'),
    readiness: probeWithStrategy('Readiness probe; default type: pg_isready.'),
    liveness: livenessProbe,
  }),
  nodeMaintenanceWindow: object(
    'NodeMaintenanceWindow',
    'Maintenance of nodes.',
    {
      inProgress: flag('Maintenance is going on.', { default: false }),
      reusePVC: flag('Instances wait for their volume rather than begin anew on another node.', { default: true }),
    },
    { deprecated: true },
  ),
  enablePDB: flag('PodDisruptionBudgets protect the primary and the replicas.', { default: true }),
} as const;
