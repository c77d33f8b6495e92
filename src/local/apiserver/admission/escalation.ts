import { forbidden } from '../model/errors.ts';
import type { Resource } from '../kinds/resource.ts';
import { equal } from '../model/equal.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { ruleAllows, type Attributes, type PolicyRule } from '../auth/rbac.ts';

const group = 'rbac.authorization.k8s.io';

/** Everything that a rule allows, one by one. */
function grants(rule: PolicyRule, base: Attributes): Attributes[] {
  const paths = (rule.nonResourceURLs ?? []).flatMap((path) =>
    rule.verbs.map((verb) => ({ ...base, verb, path, isResource: false })),
  );
  const names = rule.resourceNames?.length ? rule.resourceNames : [''];
  const resources = (rule.apiGroups ?? []).flatMap((apiGroup) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((name) => {
          const [plural = '', subresource = ''] = resource.split('/');
          return { ...base, verb, isResource: true, group: apiGroup, plural, subresource, name };
        }),
      ),
    ),
  );
  return [...paths, ...resources];
}

const shown = (list: readonly string[] | undefined): string =>
  `[${(list ?? []).map((item) => JSON.stringify(item)).join(' ')}]`;

function ruleText(rule: PolicyRule): string {
  const parts = [
    rule.apiGroups && `APIGroups:${shown(rule.apiGroups)}`,
    rule.resources && `Resources:${shown(rule.resources)}`,
    rule.resourceNames?.length && `ResourceNames:${shown(rule.resourceNames)}`,
    rule.nonResourceURLs && `NonResourceURLs:${shown(rule.nonResourceURLs)}`,
    `Verbs:${shown(rule.verbs)}`,
  ];
  return `{${parts.filter(Boolean).join(', ')}}`;
}

function rulesOf(call: Call, resource: Resource, object: Obj): PolicyRule[] {
  if (resource.plural === 'roles' || resource.plural === 'clusterroles') return (object['rules'] ?? []) as PolicyRule[];
  const reference: Loose = object['roleRef'];
  const cluster = reference?.kind === 'ClusterRole';
  const place = cluster ? `${group}/clusterroles` : `${group}/roles`;
  const role = call.services.store.get(place, cluster ? undefined : object.metadata.namespace, reference?.name ?? '');
  return (role?.['rules'] ?? []) as PolicyRule[];
}

/** Nobody grants what he does not have, unless he may `escalate` (roles) or `bind` (bindings). */
export function checkEscalation(call: Call, resource: Resource, object: Obj, current: Obj | undefined): void {
  if (resource.group !== group || call.user.groups.includes('system:masters')) return;
  if (current && equal(current['rules'], object['rules']) && equal(current['subjects'], object['subjects'])) return;
  const { rbac } = call.services;
  const namespace = object.metadata.namespace ?? '';
  const base: Attributes = { ...call.info, user: call.user, namespace, subresource: '', name: '' };
  const isRole = resource.plural.endsWith('roles');
  const role: Loose = isRole ? { kind: resource.kind, name: object.metadata.name } : object['roleRef'];
  const plural = role?.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (rbac.allows({ ...base, verb: isRole ? 'escalate' : 'bind', group, plural, name: role?.name ?? '' })) return;
  const mine = rbac.rules(call.user, namespace);
  const missing = rulesOf(call, resource, object).filter(
    (rule) => !grants(rule, base).every((wanted) => mine.some((own) => ruleAllows(own, wanted))),
  );
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(call.user.name)} (groups=${shown(call.user.groups)})`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).join('\n')}`;
  throw forbidden(resource, object.metadata.name ?? '', why);
}
