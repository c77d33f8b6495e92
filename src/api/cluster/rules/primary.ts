import { unsafeTiming } from '../../../../state-machines/protocol/timing.ts';
import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

export function* primaryRules({ spec }: Cluster): Generator<FieldError> {
  if (spec.instances < 1) yield fieldError('spec.instances', spec.instances, 'must be at least 1');
  if (spec.primaryUpdateStrategy === 'supervised' && spec.instances < 2) {
    yield fieldError('spec.primaryUpdateStrategy', 'supervised', 'needs at least two instances');
  }
  yield* timingRules(spec);
  yield* leaseRules(spec.primaryLease ?? {});
}

const delays = ['startDelay', 'stopDelay', 'smartShutdownTimeout', 'switchoverDelay', 'failoverDelay'] as const;

function* timingRules(spec: Cluster['spec']): Generator<FieldError> {
  for (const name of delays) {
    const value = spec[name];
    if (value !== undefined && value < 0) yield fieldError(`spec.${name}`, value, 'must not be negative (seconds)');
  }
  const { stopDelay = 1800, smartShutdownTimeout = 180 } = spec;
  if (smartShutdownTimeout > stopDelay) {
    yield fieldError(
      'spec.smartShutdownTimeout',
      smartShutdownTimeout,
      `must not be more than stopDelay, ${stopDelay}`,
    );
  }
}

/** An attempt to renew comes up to a fifth late, and one at least must fit before the deadline. */
const jitter = 1.2;

function* leaseRules(lease: NonNullable<Cluster['spec']['primaryLease']>): Generator<FieldError> {
  const {
    leaseDurationSeconds: duration = 15,
    renewDeadlineSeconds: deadline = 10,
    retryPeriodSeconds: retry = 2,
  } = lease;
  if (duration <= deadline) {
    yield fieldError(
      'spec.primaryLease.leaseDurationSeconds',
      duration,
      `must be more than renewDeadlineSeconds, ${deadline}`,
    );
  }
  if (deadline <= retry * jitter) {
    const message = `must be more than ${jitter} times retryPeriodSeconds, ${retry}`;
    yield fieldError('spec.primaryLease.renewDeadlineSeconds', deadline, message);
  }
  if (duration <= deadline || deadline <= retry * jitter) return;
  // Stricter than CloudNativePG, whose lease does not fence (docs/ha-protocol.md, rule 3).
  const unsafe = unsafeTiming({ duration, renewDeadline: deadline, retryPeriod: retry });
  if (unsafe !== undefined) yield fieldError('spec.primaryLease', lease, unsafe);
}
