import { matchesSelector } from '../kinds/selectors.ts';
import type { Loose, Obj } from '../model/types.ts';
import type { Admission } from './admission.ts';

const has = (list: string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

function resourceMatches(patterns: string[] | undefined, plural: string, subresource: string): boolean {
  const full = subresource ? `${plural}/${subresource}` : plural;
  return (patterns ?? []).some((pattern) => {
    if (pattern === '*/*') return true;
    if (pattern === '*') return subresource === '';
    const [name, sub = ''] = pattern.split('/');
    return pattern === full || (sub === '*' && name === plural) || (name === '*' && sub === subresource && sub !== '');
  });
}

function ruleMatches(rule: Loose, { resource, operation, call }: Admission): boolean {
  const scope = rule.scope ?? '*';
  if (scope !== '*' && (scope === 'Namespaced') !== resource.namespaced) return false;
  const { subresource } = call.info;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    // matchPolicy Equivalent: a rule for any served version of the kind is meant.
    (has(rule.apiVersions, resource.version) || resource.crd !== undefined) &&
    resourceMatches(rule.resources, resource.plural, subresource === 'scale' ? '' : subresource)
  );
}

function namespaceMatches(webhook: Loose, { call, resource, object, current }: Admission): boolean {
  const selector = webhook.namespaceSelector ?? {};
  const subject = object ?? current;
  if (resource.storage === '/namespaces') return matchesSelector(selector, subject?.metadata.labels);
  if (!resource.namespaced) return true;
  const namespace = call.services.store.get('/namespaces', undefined, subject?.metadata.namespace ?? '');
  return matchesSelector(selector, namespace?.metadata.labels);
}

const labelsMatch = (selector: Loose, object: Obj | undefined): boolean =>
  object !== undefined && matchesSelector(selector ?? {}, object.metadata.labels);

/** The webhooks that are to be asked, in the order of their configurations' names. */
export function matchingWebhooks(admission: Admission, kind: 'mutating' | 'validating'): Loose[] {
  const configurations = admission.call.services.store.list(
    `admissionregistration.k8s.io/${kind}webhookconfigurations`,
  );
  return configurations
    .flatMap((configuration) => (configuration['webhooks'] ?? []) as Loose[])
    .filter(
      (webhook) =>
        ((webhook.rules ?? []) as Loose[]).some((rule) => ruleMatches(rule, admission)) &&
        namespaceMatches(webhook, admission) &&
        (labelsMatch(webhook.objectSelector, admission.object) ||
          labelsMatch(webhook.objectSelector, admission.current)),
    );
}
