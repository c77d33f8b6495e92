import { badRequest } from '../model/errors.ts';
import type { Resource } from './resource.ts';
import type { Loose, Obj } from '../model/types.ts';

export type Predicate = (object: Obj) => boolean;
type Labels = Readonly<Record<string, string>>;
type LabelTest = (labels: Labels) => boolean;

const setBased = /^(?<key>[^\s!=<>,()]+)\s+(?<operator>in|notin)\s*\((?<values>[^)]*)\)$/;
const equality = /^(?<key>[^\s!=<>,()]+)\s*(?<operator>==|=|!=|<|>)\s*(?<value>[^\s!=<>,()]*)$/;
const existence = /^(?<not>!?)\s*(?<key>[^\s!=<>,()]+)$/;

function labelTest(text: string): LabelTest {
  const set = setBased.exec(text)?.groups;
  if (set) {
    const values = (set['values'] ?? '').split(',').map((value) => value.trim());
    const key = set['key'] ?? '';
    if (set['operator'] === 'in') return (labels) => key in labels && values.includes(labels[key] ?? '');
    return (labels) => !(key in labels) || !values.includes(labels[key] ?? '');
  }
  const equal = equality.exec(text)?.groups;
  if (equal) {
    const { key = '', operator, value = '' } = equal;
    if (operator === '!=') return (labels) => labels[key] !== value;
    if (operator === '<') return (labels) => Number(labels[key]) < Number(value);
    if (operator === '>') return (labels) => Number(labels[key]) > Number(value);
    return (labels) => labels[key] === value;
  }
  const exists = existence.exec(text)?.groups;
  if (!exists) throw badRequest(`unable to parse requirement: found ${JSON.stringify(text)}`);
  const key = exists['key'] ?? '';
  return exists['not'] ? (labels) => !(key in labels) : (labels) => key in labels;
}

/** Splits at commas that are not inside parentheses. */
const requirements = (text: string): string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

export function labelPredicate(text: string): Predicate {
  const tests = requirements(text).map(labelTest);
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

/** A metav1.LabelSelector; an empty one selects everything, an absent one nothing. */
export function matchesSelector(selector: Loose, labels: Labels = {}): boolean {
  if (!selector) return false;
  const pairs = Object.entries((selector.matchLabels ?? {}) as Labels);
  if (!pairs.every(([key, value]) => labels[key] === value)) return false;
  return ((selector.matchExpressions ?? []) as Loose[]).every(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key in labels;
    if (operator === 'DoesNotExist') return !(key in labels);
    if (operator === 'In') return key in labels && values.includes(labels[key]);
    return !(key in labels) || !values.includes(labels[key]);
  });
}

export const selectorText = (selector: Loose): string =>
  [
    ...Object.entries((selector?.matchLabels ?? {}) as Labels).map(([key, value]) => `${key}=${value}`),
    ...((selector?.matchExpressions ?? []) as Loose[]).map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return String(key);
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
    }),
  ].join(',');

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
const fieldsByStorage: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  '/events': [
    ...involved.flatMap((field) => [`involvedObject.${field}`, `regarding.${field}`]),
    ...['reason', 'type', 'source', 'reportingComponent', 'reportingController'],
  ],
  '/secrets': ['type'],
  '/namespaces': ['status.phase'],
  '/services': ['spec.clusterIP', 'spec.type'],
  '/nodes': ['spec.unschedulable'],
  'batch/jobs': ['status.successful'],
  'apps/replicasets': ['status.replicas'],
};

export const fieldValue = (object: Loose, path: string): string => {
  let value = object;
  for (const part of path.split('.')) value = value?.[part];
  return value === undefined || value === null ? '' : String(value);
};

/** Field labels that read another path of the stored object. */
const aliases: Readonly<Record<string, string>> = {
  source: 'source.component',
  reportingController: 'reportingComponent',
};
const storedPath = (field: string): string => aliases[field] ?? field.replace(/^regarding\./, 'involvedObject.');

export function fieldPredicate(text: string, resource: Resource): Predicate {
  const version = (resource.crd?.['spec'].versions as Loose[] | undefined)?.find((v) => v.name === resource.version);
  const selectable = ((version?.selectableFields ?? []) as Loose[]).map((field) => String(field.jsonPath).slice(1));
  const known = ['metadata.name', 'metadata.namespace', ...(fieldsByStorage[resource.storage] ?? []), ...selectable];
  const tests = requirements(text).map((part) => {
    const match = /^(?<field>[^=!]+)(?<operator>==|=|!=)(?<value>.*)$/.exec(part)?.groups;
    if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    const { field = '', operator, value } = match;
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    const path = resource.storage === '/events' ? storedPath(field) : field;
    return (object: Obj) => (fieldValue(object, path) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

/** The selectors of a list, watch or deletecollection; undefined when all objects are meant. */
export function requestPredicate(query: URLSearchParams, resource: Resource, name: string): Predicate | undefined {
  const tests: Predicate[] = [];
  const labels = query.get('labelSelector');
  const fields = query.get('fieldSelector');
  if (labels) tests.push(labelPredicate(labels));
  if (fields) tests.push(fieldPredicate(fields, resource));
  if (name) tests.push((object) => object.metadata.name === name);
  return tests.length === 0 ? undefined : (object) => tests.every((test) => test(object));
}
