import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

type Toleration = NonNullable<NonNullable<Cluster['spec']['affinity']>['tolerations']>[number];

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function* schedulingRules({ spec }: Cluster): Generator<FieldError> {
  for (const [index, toleration] of (spec.affinity?.tolerations ?? []).entries()) {
    yield* tolerationRules(`spec.affinity.tolerations[${index}]`, toleration);
  }
  const type = spec.affinity?.podAntiAffinityType;
  if (type !== undefined && !['preferred', 'required'].includes(type)) {
    yield fieldError('spec.affinity.podAntiAffinityType', type, 'must be preferred or required');
  }
}

/** As Kubernetes checks the tolerations of a pod; there the pod, here the Cluster is refused. */
function* tolerationRules(field: string, toleration: Toleration): Generator<FieldError> {
  const { key, operator = 'Equal', value, effect, tolerationSeconds } = toleration;
  if (!['Equal', 'Exists'].includes(operator))
    yield fieldError(`${field}.operator`, operator, 'must be Equal or Exists');
  if (!key && operator !== 'Exists')
    yield fieldError(`${field}.operator`, operator, 'must be Exists when key is empty');
  if (operator === 'Exists' && value) yield fieldError(`${field}.value`, value, 'must be empty with operator Exists');
  if (effect && !effects.includes(effect))
    yield fieldError(`${field}.effect`, effect, `must be one of ${effects.join(', ')}`);
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    yield fieldError(`${field}.effect`, effect ?? '', 'must be NoExecute with tolerationSeconds');
  }
}
