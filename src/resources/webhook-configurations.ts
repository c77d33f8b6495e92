import { apiGroup, mutatingWebhook, validatingWebhook, webhookService } from '../naming.ts';

/** Kinds that the operator defaults and validates on admission; for the others the rules of the schema do. */
const admitted = [
  { kind: 'cluster', plural: 'clusters' },
  { kind: 'backup', plural: 'backups' },
  { kind: 'scheduledbackup', plural: 'scheduledbackups' },
] as const;

const configuration = (kind: string, name: string, verb: 'mutate' | 'validate', namespace: string) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name },
  webhooks: admitted.map((entry) => ({
    name: `${verb.charAt(0)}${entry.kind}.cnpg.io`,
    admissionReviewVersions: ['v1'],
    // The operator writes its authority here when it starts.
    clientConfig: {
      service: { name: webhookService, namespace, path: `/${verb}-postgresql-cnpg-io-v1-${entry.kind}`, port: 443 },
    },
    failurePolicy: 'Fail',
    sideEffects: 'None',
    timeoutSeconds: 10,
    rules: [
      { apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [entry.plural] },
    ],
  })),
});

/** The admission webhooks (reference §2.34). Without them the same checks run at each reconciliation. */
export const webhookConfigurations = (namespace: string) => [
  configuration('MutatingWebhookConfiguration', mutatingWebhook, 'mutate', namespace),
  configuration('ValidatingWebhookConfiguration', validatingWebhook, 'validate', namespace),
];
