import type { Node, PersistentVolume, Pod } from '../../kube/objects.ts';
import { isFinished } from './pods.ts';
import { quantity } from './quantity.ts';
import { type Requirement, meets, selects } from './selector.ts';

export interface SchedulingFacts {
  readonly pod: Pod;
  readonly node: Node;
  /** Pods that are bound to a node and not finished. */
  readonly placed: readonly Pod[];
  readonly nodes: ReadonlyMap<string, Node>;
  /** Volumes that the pod's claims are bound to. */
  readonly volumes: readonly PersistentVolume[];
}

interface Term {
  readonly matchExpressions?: readonly Requirement[];
  readonly matchFields?: readonly Requirement[];
}

/** Terms of a node selector are alternatives; what is inside of one must hold together. */
export function matchesTerms(node: Node, terms: readonly Term[]): boolean {
  const fields = { 'metadata.name': node.metadata?.name ?? '' };
  return terms.some((term) => {
    const [expressions, byField] = [term.matchExpressions ?? [], term.matchFields ?? []];
    if (expressions.length + byField.length === 0) return false;
    return expressions.every((it) => meets(node.metadata?.labels, it)) && byField.every((it) => meets(fields, it));
  });
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

export const tolerates = (toleration: Toleration, taint: Taint): boolean =>
  (toleration.effect === undefined || toleration.effect === '' || toleration.effect === taint.effect) &&
  (toleration.operator === 'Exists'
    ? toleration.key === undefined || toleration.key === '' || toleration.key === taint.key
    : toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? ''));

/** The topology value of a node, such as the value of its label kubernetes.io/hostname. */
export const domainOf = (node: Node | undefined, topologyKey: string): string | undefined =>
  node?.metadata?.labels?.[topologyKey];

export interface AffinityTerm {
  readonly labelSelector?: Parameters<typeof selects>[0];
  readonly topologyKey: string;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: object;
}

/** Whether a term of the pod's (anti-)affinity means another pod. */
export function meansPod(pod: Pod, term: AffinityTerm, other: Pod): boolean {
  const namespaces = term.namespaces?.length ? term.namespaces : [pod.metadata?.namespace ?? ''];
  const anyNamespace = term.namespaceSelector !== undefined && !term.namespaces?.length;
  if (!anyNamespace && !namespaces.includes(other.metadata?.namespace ?? '')) return false;
  return selects(term.labelSelector, other.metadata?.labels);
}

/** How many placed pods a term means in the node's topology domain. */
export function podsInDomain({ pod, node, placed, nodes }: SchedulingFacts, term: AffinityTerm): number {
  const domain = domainOf(node, term.topologyKey);
  if (domain === undefined) return 0;
  return placed.filter(
    (other) =>
      domainOf(nodes.get(other.spec?.nodeName ?? ''), term.topologyKey) === domain && meansPod(pod, term, other),
  ).length;
}

const required = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): readonly AffinityTerm[] =>
  pod.spec?.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

function violatesAntiAffinity(facts: SchedulingFacts): boolean {
  const { pod, node, placed, nodes } = facts;
  if (required(pod, 'podAntiAffinity').some((term) => podsInDomain(facts, term) > 0)) return true;
  // Pods that are there already may refuse the newcomer by terms of their own.
  return placed.some((other) =>
    required(other, 'podAntiAffinity').some((term) => {
      const domain = domainOf(node, term.topologyKey);
      const theirs = domainOf(nodes.get(other.spec?.nodeName ?? ''), term.topologyKey);
      return domain !== undefined && domain === theirs && meansPod(other, term, pod);
    }),
  );
}

function violatesAffinity(facts: SchedulingFacts): boolean {
  return required(facts.pod, 'podAffinity').some((term) => {
    if (podsInDomain(facts, term) > 0) return false;
    // The first of a group that wants to be together has nobody to join.
    const nobodyYet = !facts.placed.some((other) => meansPod(facts.pod, term, other));
    return !(nobodyYet && meansPod(facts.pod, term, facts.pod));
  });
}

function violatesSpread(facts: SchedulingFacts): boolean {
  const constraints = facts.pod.spec?.topologySpreadConstraints ?? [];
  return constraints.some((constraint) => {
    if (constraint.whenUnsatisfiable !== 'DoNotSchedule') return false;
    if (domainOf(facts.node, constraint.topologyKey) === undefined) return true;
    const term = constraint as AffinityTerm;
    const counts = [...facts.nodes.values()]
      .filter((node) => domainOf(node, constraint.topologyKey) !== undefined)
      .map((node) => podsInDomain({ ...facts, node }, term));
    return podsInDomain(facts, term) + 1 - Math.min(...counts) > constraint.maxSkew;
  });
}

const requests = (pod: Pod, name: string): number =>
  (pod.spec?.containers ?? []).reduce((sum, it) => sum + quantity(it.resources?.requests?.[name]), 0);

function lacks(facts: SchedulingFacts, name: string): boolean {
  const wanted = requests(facts.pod, name);
  const allocatable = facts.node.status?.allocatable?.[name];
  if (wanted === 0 || allocatable === undefined) return false;
  const here = facts.placed.filter((it) => it.spec?.nodeName === facts.node.metadata?.name);
  return here.reduce((sum, it) => sum + requests(it, name), 0) + wanted > quantity(allocatable);
}

const hasUntoleratedTaint = ({ pod, node }: SchedulingFacts): Taint | undefined =>
  node.spec?.taints?.find(
    (taint) => taint.effect !== 'PreferNoSchedule' && !pod.spec?.tolerations?.some((it) => tolerates(it, taint)),
  );

const ready = (node: Node): boolean =>
  node.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false;

/** Why a node cannot take the pod; the first row that holds. Words as kube-scheduler has them. */
const filters: readonly ((facts: SchedulingFacts) => string | undefined | false)[] = [
  ({ node }) => node.spec?.unschedulable === true && 'node(s) were unschedulable',
  (facts) => {
    const taint = hasUntoleratedTaint(facts);
    return taint && `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  },
  ({ node }) => !ready(node) && 'node(s) were not ready',
  ({ pod, node }) => {
    const wanted = Object.entries(pod.spec?.nodeSelector ?? {});
    const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const fits =
      wanted.every(([key, value]) => node.metadata?.labels?.[key] === value) && (!terms || matchesTerms(node, terms));
    return !fits && "node(s) didn't match Pod's node affinity/selector";
  },
  ({ node, volumes }) =>
    volumes.some((it) => {
      const terms = it.spec?.nodeAffinity?.required?.nodeSelectorTerms;
      return terms !== undefined && !matchesTerms(node, terms);
    }) && 'node(s) had volume node affinity conflict',
  (facts) => violatesAntiAffinity(facts) && "node(s) didn't match pod anti-affinity rules",
  (facts) => violatesAffinity(facts) && "node(s) didn't match pod affinity rules",
  (facts) => violatesSpread(facts) && "node(s) didn't match pod topology spread constraints",
  (facts) => lacks(facts, 'cpu') && 'Insufficient cpu',
  (facts) => lacks(facts, 'memory') && 'Insufficient memory',
];

export function obstacleOf(facts: SchedulingFacts): string | undefined {
  for (const filter of filters) {
    const reason = filter(facts);
    if (reason !== undefined && reason !== false) return reason;
  }
  return undefined;
}

export const isPlaced = (pod: Pod): boolean => pod.spec?.nodeName !== undefined && !isFinished(pod);
