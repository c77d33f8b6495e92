import { annotation } from './labels.ts';

type Annotated = { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | undefined } };

/** Names in a fencing annotation, a JSON array of names, or ["*"]. One that cannot be read fences nobody. */
function namesIn(object: Annotated | undefined, key: string): string[] {
  const text = object?.metadata?.annotations?.[key];
  if (text === undefined || text === '') return [];
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

export const fencedNames = (cluster: Annotated | undefined): string[] => namesIn(cluster, annotation.fencedInstances);

/** Those that the operator has fenced by itself. */
export const fencedByOperator = (cluster: Annotated | undefined): string[] =>
  namesIn(cluster, annotation.fencedByOperator);

/** Whether the Cluster wants this instance's PostgreSQL to be stopped, and kept so. */
export function isFenced(cluster: Annotated | undefined, instance: string): boolean {
  const names = fencedNames(cluster);
  return names.includes('*') || names.includes(instance);
}

/** The annotation's value with a name more or fewer; null when nobody is left, as a merge patch wants it. `*` stands for all of `known`. */
export function changedFencing(
  before: readonly string[],
  known: readonly string[],
  change: { readonly add: string } | { readonly remove: string },
): string | null {
  const all = 'add' in change && change.add === '*';
  const none = 'remove' in change && change.remove === '*';
  if (all) return JSON.stringify(['*']);
  if (none) return null;
  const names = new Set(before.includes('*') ? known : before);
  if ('add' in change) {
    if (before.includes('*')) return JSON.stringify(['*']);
    names.add(change.add);
  } else names.delete(change.remove);
  return names.size === 0 ? null : JSON.stringify([...names].sort());
}
