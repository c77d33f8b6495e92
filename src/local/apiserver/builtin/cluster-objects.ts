import { cleanup } from '../lifecycle/definitions.ts';
import { establish } from '../crd/conditions.ts';
import { definitionCauses } from '../crd/definition-causes.ts';
import { invalidValue } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import type { Loose } from '../model/types.ts';
import { defaults } from './pod-spec.ts';
import type { KindRules } from './kind-rules.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

export const namespaceRules: KindRules = {
  fill(namespace) {
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      'kubernetes.io/metadata.name': namespace.metadata.name,
    };
    namespace.spec ??= {};
  },
  prepare(namespace) {
    namespace['spec'] = { ...namespace['spec'], finalizers: ['kubernetes'] };
    namespace['status'] = { phase: 'Active' };
  },
  retain(next, current) {
    next['spec'] = { ...next['spec'], finalizers: current['spec']?.finalizers };
  },
};

export const bindingRules: KindRules = {
  fill(binding) {
    for (const subject of binding.subjects ?? []) {
      if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
    }
    if (binding.roleRef) binding.roleRef.apiGroup ||= rbacGroup;
  },
  validate: (binding, current) =>
    current && !equal(binding['roleRef'], current['roleRef'])
      ? [invalidValue('roleRef', binding['roleRef'], 'cannot change roleRef')]
      : [],
};

export const webhookRules: KindRules = {
  fill(configuration) {
    const mutating = configuration.kind === 'MutatingWebhookConfiguration';
    for (const webhook of configuration.webhooks ?? []) {
      defaults(webhook, {
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        timeoutSeconds: 10,
        namespaceSelector: {},
        objectSelector: {},
        ...(mutating && { reinvocationPolicy: 'Never' }),
      });
      for (const rule of webhook.rules ?? []) defaults(rule, { scope: '*' });
      if (webhook.clientConfig?.service) defaults(webhook.clientConfig.service, { port: 443 });
    }
  },
};

export const definitionRules: KindRules = {
  fill({ spec }: Loose) {
    if (!spec?.names) return;
    defaults(spec, { conversion: { strategy: 'None' } });
    defaults(spec.names, { singular: String(spec.names.kind).toLowerCase(), listKind: `${spec.names.kind}List` });
  },
  prepare(crd, services) {
    crd.metadata.finalizers = [...new Set([...(crd.metadata.finalizers ?? []), cleanup])];
    establish(crd, services.now());
  },
  validate: definitionCauses,
};
