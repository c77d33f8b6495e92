import { shown, type Cause } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import { childPath, isObject, type Schema, type ValidationRule } from '../schema/schema.ts';
import type { Loose, Obj } from '../model/types.ts';
import { celValue } from './cel-values.ts';
import type { Programs } from './programs.ts';

interface Place {
  readonly value: Loose;
  readonly schema: Schema;
  readonly field: string;
  /** The same place before; undefined when there was none or it cannot be told which it was. */
  readonly old: Loose;
  readonly root: boolean;
}

const rulesBelow = new WeakMap<Schema, boolean>();

/** Whether a schema or anything in it has rules; trees without are not walked. */
function hasRules(schema: Schema): boolean {
  const known = rulesBelow.get(schema);
  if (known !== undefined) return known;
  rulesBelow.set(schema, false);
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ];
  const found = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || below.some(hasRules);
  rulesBelow.set(schema, found);
  return found;
}

const mentionsOld = (rule: string): boolean => /\boldSelf\b/.test(rule);

const valueText = (value: Loose): string => (typeof value === 'object' ? '' : `${shown(value)}: `);

function failure(rule: ValidationRule, message: string, value: Loose, field: string): Cause {
  const reason = rule.reason ?? 'FieldValueInvalid';
  const at = rule.fieldPath ? `${field}${rule.fieldPath}` : field;
  const prefix: Record<string, string> = {
    FieldValueForbidden: 'Forbidden: ',
    FieldValueRequired: 'Required value: ',
    FieldValueDuplicate: `Duplicate value: ${shown(value)}: `,
  };
  return {
    reason,
    message: `${prefix[reason] ?? `Invalid value: ${valueText(value)}`}${message}`,
    field: at.replace(/^\./, ''),
  };
}

class RuleWalk {
  readonly causes: Cause[] = [];
  readonly #programs: Programs;

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  visit(place: Place): void {
    const { value, schema, old, field } = place;
    if (value === undefined || value === null || !hasRules(schema)) return;
    const rules = schema['x-kubernetes-validations'] ?? [];
    if (rules.length > 0) this.#check(place, rules);
    if (Array.isArray(value)) this.#items(place);
    else if (isObject(value)) {
      for (const [key, child] of Object.entries(value)) {
        const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
        const below =
          own ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
        const before = isObject(old) ? old[key] : undefined;
        const at = own ? childPath(field, key) : `${field}[${key}]`;
        if (below) this.visit({ value: child, schema: below, field: at, old: before, root: false });
      }
    }
  }

  #items({ value, schema, field, old }: Place): void {
    const { items } = schema;
    if (!items) return;
    const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined;
    (value as Loose[]).forEach((item, index) => {
      const before =
        keys && Array.isArray(old)
          ? old.find((other) => keys.every((key) => equal(other?.[key], item?.[key])))
          : undefined;
      this.visit({ value: item, schema: items, field: `${field}[${index}]`, old: before, root: false });
    });
  }

  #check(place: Place, rules: readonly ValidationRule[]): void {
    const { value, schema, old, root } = place;
    const unchanged = old !== undefined && equal(value, old);
    const self = celValue(value, schema, root);
    const before = old === undefined || old === null ? undefined : celValue(old, schema, root);
    for (const rule of rules) {
      const transition = mentionsOld(rule.rule);
      if (unchanged || (transition && !rule.optionalOldSelf && before === undefined)) continue;
      const oldSelf = rule.optionalOldSelf ? this.#programs.optional(before) : before;
      this.#run(place, rule, { self, ...(transition && { oldSelf }) });
    }
  }

  #run({ value, field }: Place, rule: ValidationRule, context: Record<string, Loose>): void {
    const told = (rule.message ?? '').trim() || `failed rule: ${rule.rule.trim()}`;
    try {
      if (this.#programs.compile(rule.rule)(context) === true) return;
      this.causes.push(failure(rule, this.#message(rule, told, context), value, field));
    } catch (error) {
      const type = Array.isArray(value) ? 'array' : typeof value;
      const why = (error as { summary?: string }).summary ?? (error as Error).message.split('\n')[0] ?? '';
      const message = `Invalid value: ${shown(type)}: ${why.replace(/^No such key/, 'no such key')} evaluating rule: ${(rule.message ?? rule.rule).trim()}`;
      this.causes.push({ reason: 'FieldValueInvalid', message, field });
    }
  }

  #message(rule: ValidationRule, fallback: string, context: Record<string, Loose>): string {
    if (!rule.messageExpression) return fallback;
    try {
      const text: Loose = this.#programs.compile(rule.messageExpression)(context);
      return typeof text === 'string' && text.trim() !== '' ? text.trim() : fallback;
    } catch {
      // As in Kubernetes: a message that cannot be made never hides the failure itself.
      return fallback;
    }
  }
}

/** Every rule of x-kubernetes-validations that the object breaks. */
export function validateRules(schema: Schema, object: Obj, current: Obj | undefined, programs: Programs): Cause[] {
  const walk = new RuleWalk(programs);
  walk.visit({ value: object, schema, field: '', old: current, root: true });
  return walk.causes;
}

export const rulesSkipped: Cause = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  field: '<nil>',
};

/** Whether any rule stands in the schema. */
export const schemaHasRules = hasRules;
