import { apiGroup, barmanPluginGroup, mutatingWebhook, validatingWebhook, webhookService } from '../naming.ts';

/** Kinds that the operator defaults and validates on admission; for the others the rules of the schema do. */
const admitted: readonly Admitted[] = [
  { kind: 'cluster', plural: 'clusters' },
  { kind: 'backup', plural: 'backups' },
  { kind: 'scheduledbackup', plural: 'scheduledbackups' },
  { kind: 'objectstore', plural: 'objectstores', group: barmanPluginGroup, validated: true },
];

interface Admitted {
  readonly kind: string;
  readonly plural: string;
  readonly group?: string;
  /** Nothing is filled in. */
  readonly validated?: boolean;
}

const configuration = (kind: string, name: string, verb: 'mutate' | 'validate', namespace: string) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name },
  webhooks: admitted
    .filter(({ validated = false }) => verb === 'validate' || !validated)
    .map(({ group = apiGroup, ...entry }) => ({
      name: `${verb.charAt(0)}${entry.kind}.cnpg.io`,
      admissionReviewVersions: ['v1'],
      // The operator writes its authority here when it starts.
      clientConfig: {
        service: {
          name: webhookService,
          namespace,
          path: `/${verb}-${group.replaceAll('.', '-')}-v1-${entry.kind}`,
          port: 443,
        },
      },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 10,
      rules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [entry.plural] }],
    })),
});

/** The admission webhooks (reference §2.34). Without them the same checks run at each reconciliation. */
export const webhookConfigurations = (namespace: string) => [
  configuration('MutatingWebhookConfiguration', mutatingWebhook, 'mutate', namespace),
  configuration('ValidatingWebhookConfiguration', validatingWebhook, 'validate', namespace),
];
