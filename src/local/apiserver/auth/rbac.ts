import type { Store } from '../storage/store.ts';
import type { Loose, User } from '../model/types.ts';

/** What somebody wants to do. Either a resource or a path. */
export interface Attributes {
  readonly user: User;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!has(rule.verbs, wanted.verb)) return false;
  if (!wanted.isResource) {
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === wanted.path || (url.endsWith('*') && wanted.path.startsWith(url.slice(0, -1))),
    );
  }
  const full = wanted.subresource ? `${wanted.plural}/${wanted.subresource}` : wanted.plural;
  const resource = (rule.resources ?? []).some(
    (item) => item === '*' || item === full || (wanted.subresource !== '' && item === `*/${wanted.subresource}`),
  );
  const names = rule.resourceNames ?? [];
  return has(rule.apiGroups, wanted.group) && resource && (names.length === 0 || names.includes(wanted.name));
}

const accountPrefix = 'system:serviceaccount:';

function isSubject(subject: Loose, user: User, bindingNamespace: string): boolean {
  if (subject.kind === 'User') return subject.name === user.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  const namespace = subject.namespace ?? bindingNamespace;
  return subject.kind === 'ServiceAccount' && user.name === `${accountPrefix}${namespace}:${subject.name}`;
}

const everybody: PolicyRule[] = [
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/healthz',
      '/livez',
      '/readyz',
      '/version',
      '/version/',
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/openapi',
      '/openapi/*',
    ],
  },
];
const authenticated: PolicyRule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
];
/** What a node needs, without the restriction to its own objects that Kubernetes adds: nodes here are processes of one user. */
const nodes: PolicyRule[] = [
  { verbs: ['get', 'list', 'watch'], apiGroups: ['', 'storage.k8s.io', 'discovery.k8s.io'], resources: ['*'] },
  {
    verbs: ['create', 'update', 'patch', 'delete'],
    apiGroups: [''],
    resources: ['nodes', 'nodes/status', 'events', 'pods/status', 'persistentvolumeclaims/status'],
  },
  { verbs: ['create', 'delete'], apiGroups: [''], resources: ['pods', 'serviceaccounts/token'] },
  { verbs: ['create', 'update', 'patch'], apiGroups: ['events.k8s.io'], resources: ['events'] },
  { verbs: ['create', 'get', 'update', 'patch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
  {
    verbs: ['create'],
    apiGroups: ['authentication.k8s.io', 'authorization.k8s.io'],
    resources: ['tokenreviews', 'subjectaccessreviews'],
  },
];

const rbacGroup = 'rbac.authorization.k8s.io';

export class Rbac {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  allows(wanted: Attributes): boolean {
    if (wanted.user.groups.includes('system:masters')) return true;
    return this.rules(wanted.user, wanted.isResource ? wanted.namespace : '').some((rule) => ruleAllows(rule, wanted));
  }

  /** All rules that hold for the user in the namespace ('' = cluster-wide ones only). */
  rules(user: User, namespace: string): PolicyRule[] {
    const rules = [...everybody];
    if (user.groups.includes('system:masters')) {
      rules.push({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] });
    }
    if (user.groups.includes('system:authenticated')) rules.push(...authenticated);
    if (user.groups.includes('system:nodes')) rules.push(...nodes);
    const bindings = [
      ...this.#store.list(`${rbacGroup}/clusterrolebindings`),
      ...(namespace ? this.#store.list(`${rbacGroup}/rolebindings`, namespace) : []),
    ];
    for (const binding of bindings) {
      const place = binding.metadata.namespace ?? '';
      const subjects = (binding['subjects'] ?? []) as Loose[];
      if (subjects.some((subject) => isSubject(subject, user, place)))
        rules.push(...this.#role(binding['roleRef'], place));
    }
    return rules;
  }

  #role(reference: Loose, namespace: string): PolicyRule[] {
    const role =
      reference?.kind === 'ClusterRole'
        ? this.#store.get(`${rbacGroup}/clusterroles`, undefined, reference.name)
        : this.#store.get(`${rbacGroup}/roles`, namespace, reference?.name);
    return (role?.['rules'] ?? []) as PolicyRule[];
  }
}

/** The message of a refusal, as Kubernetes words it. */
export function denial(wanted: Attributes): string {
  const user = `User ${JSON.stringify(wanted.user.name)} cannot`;
  if (!wanted.isResource) return `forbidden: ${user} ${wanted.verb} path ${JSON.stringify(wanted.path)}`;
  const resource = wanted.subresource ? `${wanted.plural}/${wanted.subresource}` : wanted.plural;
  const subject = `${wanted.plural}${wanted.group && `.${wanted.group}`}`;
  const named = wanted.name === '' ? subject : `${subject} ${JSON.stringify(wanted.name)}`;
  const where = wanted.namespace ? `in the namespace ${JSON.stringify(wanted.namespace)}` : 'at the cluster scope';
  return `${named} is forbidden: ${user} ${wanted.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(wanted.group)} ${where}`;
}
