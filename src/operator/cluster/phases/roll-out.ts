import { resource } from '../../../kube/resource-types.ts';
import { annotation } from '../../../labels.ts';
import { decided, subjectCondition } from '../decided.ts';
import { nextRollout, type Rollout } from '../decide/rollout.ts';
import { eventReason, phase } from '../phase-names.ts';
import { planSwitchover } from './plan-switchover.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

const upgrading = { type: 'Normal', reason: eventReason.upgradingInstance } as const;

/** Takes a pod away; it is made anew by another phase. The mark is read by the primary's manager when it is told to end. */
async function recreate(scope: ObservedScope, next: Rollout & { kind: 'recreate' }): Promise<void> {
  const { api, namespace, signal } = scope;
  const { instance, primary, reason } = next;
  const uid = instance.pod?.metadata?.uid ?? '';
  const key = { namespace, name: instance.name };
  if (primary) {
    const patch = { metadata: { uid, annotations: { [annotation.keepsRole]: reason } } };
    await api.patch(resource.pods, key, patch, { signal });
  }
  await api.delete(resource.pods, key, { preconditions: { uid }, signal });
}

/** Pods that are not what the specification says are made anew, on their volumes; parameters that need a restart get one. */
export async function rollOut(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, configuration, report } = scope;
  const next = nextRollout(cluster, configuration, world);
  const { rule } = next;
  const said = cluster.status?.conditions?.find(({ type }) => type === subjectCondition('Rollout'));
  switch (next.kind) {
    case 'none':
      // What was never begun need not be said to be over.
      if (said !== undefined) decided(scope, 'Rollout', { rule, status: 'True', message: 'All pods are as specified' });
      return goOn;
    case 'wait':
      report.phase(phase.upgrading, `Rollout waits: ${next.reason}`);
      decided(scope, 'Rollout', { rule, status: 'False', message: `Waiting: ${next.reason}` });
      return goOn;
    case 'primary-restarts':
      report.phase(phase.restartingPrimary, said?.message ?? next.reason);
      return goOn;
    case 'ask-the-user': {
      const message = `The primary waits for a switchover or a restart by a person: ${next.reason}`;
      report.phase(phase.waitingForUser, message);
      decided(scope, 'Rollout', { rule, status: 'False', message, event: upgrading });
      return goOn;
    }
    case 'switchover': {
      const message = `Switching over before the primary is updated: ${next.reason}`;
      decided(scope, 'Rollout', { rule, status: 'False', message, event: upgrading });
      planSwitchover(scope, { why: next.reason });
      report.phase(phase.upgrading, message);
      return goOn;
    }
    case 'restart-in-place': {
      const message = `Restarting PostgreSQL of ${next.instance.name}: ${next.reason}`;
      report.phase(phase.restartingInPlace, message);
      decided(scope, 'Rollout', { rule, status: 'False', message, event: upgrading });
      return goOn;
    }
    case 'recreate': {
      const message = `Restarting instance ${next.instance.name}: ${next.reason}`;
      report.phase(next.primary ? phase.restartingPrimary : phase.upgrading, message);
      decided(scope, 'Rollout', { rule, status: 'False', message, event: upgrading });
      await recreate(scope, next);
      return goOn;
    }
    default:
      return next satisfies never;
  }
}
