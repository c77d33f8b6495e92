import { validateCluster } from '../../../api/cluster/rules/validate-cluster.ts';
import { formatFieldError } from '../../../api/validation/field-error.ts';
import { annotation } from '../../../labels.ts';
import { messageOf } from '../../errors.ts';
import { instancePod } from '../../../resources/pod.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { Scope } from '../scope.ts';

/** The same checks as on admission, for where there are no webhooks or they were away. */
export function validate(scope: Scope): Promise<PhaseResult> {
  const { cluster, configuration, report } = scope;
  if (cluster.metadata.annotations?.[annotation.validation] === 'disabled') return Promise.resolve(goOn);
  const messages = validateCluster(cluster).errors.map(formatFieldError);
  if (messages.length === 0) {
    try {
      instancePod(cluster, configuration, 1);
    } catch (error) {
      messages.push(messageOf(error));
    }
  }
  if (messages.length === 0) return Promise.resolve(goOn);
  const message = messages.join('; ');
  report.phase(phase.invalid, message);
  scope.emit({ type: 'Warning', reason: eventReason.invalidCluster, message });
  return Promise.resolve(stop('InvalidCluster'));
}
