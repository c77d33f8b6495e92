import type { Schema } from '../schema/schema.ts';
import type { Loose } from '../model/types.ts';
import type { FieldSet } from './field-set.ts';
import { partsOf, type Parts } from './relation.ts';

/** Items of `config` in its order, with the items that only `live` has kept about where they were. */
function mergeOrder(live: Parts, config: Parts): string[] {
  const order: string[] = [];
  const wanted = [...config.keys()];
  const pushed = new Set<string>();
  for (const element of live.keys()) {
    if (!config.has(element)) {
      order.push(element);
      continue;
    }
    if (pushed.has(element)) continue;
    for (const next of wanted.slice(0, wanted.indexOf(element) + 1)) {
      if (!pushed.has(next)) order.push(next);
      pushed.add(next);
    }
  }
  return [...order, ...wanted.filter((element) => !pushed.has(element))];
}

/** The live value with what the configuration says laid over it. */
export function merge(live: Loose, config: Loose, schema: Schema | undefined): Loose {
  if (config === undefined) return live;
  const right = partsOf(config, schema);
  const left = partsOf(live, schema);
  if (!right || !left || Array.isArray(live) !== Array.isArray(config)) return config;
  const part = (element: string): Loose => {
    const [l, r] = [left.get(element), right.get(element)];
    return merge(l?.value, r?.value, l?.schema ?? r?.schema);
  };
  if (Array.isArray(config)) return mergeOrder(left, right).map(part);
  const elements = new Set([...left.keys(), ...right.keys()]);
  return Object.fromEntries([...elements].map((element) => [element.slice(2), part(element)]));
}

/**
 * The value without the fields in `gone`. A map or list that loses its last entry by that becomes `null`, as in Kubernetes: the
 * schema of a custom resource refuses it then, and for built-in kinds null is the same as absent.
 */
export function without(value: Loose, gone: FieldSet, schema: Schema | undefined): Loose {
  const parts = partsOf(value, schema);
  if (!parts) return value;
  const kept: [string, Loose][] = [];
  let touched = false;
  for (const [element, part] of parts) {
    const branch = gone.children.get(element);
    if (branch?.member) {
      touched = true;
      continue;
    }
    const rest = branch ? without(part.value, branch, part.schema) : part.value;
    touched ||= rest !== part.value;
    kept.push([part.key, rest]);
  }
  if (!touched) return value;
  if (kept.length === 0) return null;
  return Array.isArray(value) ? kept.map(([, item]) => item) : Object.fromEntries(kept);
}
