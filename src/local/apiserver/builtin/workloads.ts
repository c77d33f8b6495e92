import { invalidValue, unsupportedValue, type Cause } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import { matchesSelector } from '../kinds/selectors.ts';
import type { Loose, Obj } from '../model/types.ts';
import { defaults, podSpecDefaults } from './pod-spec.ts';
import { podSpecCauses } from './pods.ts';
import type { KindRules } from './kind-rules.ts';

const immutable = (field: string, value: unknown): Cause => invalidValue(field, value, 'field is immutable');

function selectorCauses(object: Obj, current: Obj | undefined): Cause[] {
  const { selector, template } = object['spec'];
  const causes = podSpecCauses(template.spec ?? {}, 'spec.template.spec');
  if (!matchesSelector(selector, template.metadata?.labels)) {
    causes.push(
      invalidValue(
        'spec.template.metadata.labels',
        template.metadata?.labels ?? {},
        '`selector` does not match template `labels`',
      ),
    );
  }
  if (current && !equal(current['spec'].selector, selector)) causes.push(immutable('spec.selector', selector));
  return causes;
}

export const deploymentRules: KindRules = {
  fill({ spec }) {
    if (!spec) return;
    defaults(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {} });
    defaults(spec.strategy, { type: 'RollingUpdate' });
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {};
      defaults(spec.strategy.rollingUpdate, { maxSurge: '25%', maxUnavailable: '25%' });
    }
    podSpecDefaults(spec.template?.spec);
  },
  prepare: (deployment) => void (deployment['status'] = {}),
  validate: selectorCauses,
};

export const replicaSetRules: KindRules = {
  fill({ spec }) {
    if (!spec) return;
    defaults(spec, { replicas: 1 });
    podSpecDefaults(spec.template?.spec);
  },
  prepare: (set) => void (set['status'] = { replicas: 0 }),
  validate: selectorCauses,
};

export const jobRules: KindRules = {
  fill({ spec }) {
    if (!spec) return;
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    defaults(spec, {
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: false,
    });
    podSpecDefaults(spec.template?.spec);
  },
  prepare(job) {
    const { uid = '', name = '' } = job.metadata;
    const spec: Loose = job['spec'];
    job['status'] = {};
    if (spec.manualSelector) return;
    const prefix = 'batch.kubernetes.io/';
    const labels = {
      [`${prefix}controller-uid`]: uid,
      [`${prefix}job-name`]: name,
      'controller-uid': uid,
      'job-name': name,
    };
    spec.selector = { matchLabels: { [`${prefix}controller-uid`]: uid } };
    spec.template.metadata = { ...spec.template.metadata, labels: { ...spec.template.metadata?.labels, ...labels } };
  },
  validate(job, current) {
    const { template, selector, completions } = job['spec'];
    const causes = podSpecCauses(template.spec ?? {}, 'spec.template.spec');
    const policy = template.spec?.restartPolicy;
    if (!['OnFailure', 'Never'].includes(policy)) {
      causes.push(unsupportedValue('spec.template.spec.restartPolicy', policy, ['OnFailure', 'Never']));
    }
    if (!current) return causes;
    const before: Loose = current['spec'];
    if (!equal(before.selector, selector)) causes.push(immutable('spec.selector', selector));
    if (!equal(before.completions, completions)) causes.push(immutable('spec.completions', completions));
    if (!before.suspend && !equal(before.template, template)) causes.push(immutable('spec.template', template));
    return causes;
  },
};
