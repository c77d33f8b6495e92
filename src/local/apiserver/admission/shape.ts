import { badRequest, invalid, type Cause } from '../model/errors.ts';
import { builtinRules } from '../builtin/rules.ts';
import type { Resource } from '../kinds/resource.ts';
import { decodeBuiltin } from '../kinds/builtin-values.ts';
import { fillDefaults } from '../schema/defaults.ts';
import { prune } from '../schema/prune.ts';
import { validateValue } from '../schema/validate.ts';
import type { Call } from '../call/services.ts';
import type { Obj } from '../model/types.ts';
import { rulesSkipped, schemaHasRules, validateRules } from '../crd/rules.ts';

const noSchema = {};

function reportUnknown(call: Call, resource: Resource, unknown: readonly string[]): void {
  const mode = call.query.get('fieldValidation') || 'Warn';
  if (unknown.length === 0 || mode === 'Ignore') return;
  const lines = unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (mode !== 'Strict') {
    call.warnings.push(...lines);
    return;
  }
  const { kind, version } = resource;
  throw badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${lines.join(', ')}`,
  );
}

/** What an applier sent, without defaults: unknown fields dropped or refused, types checked. */
export function configuration(call: Call, resource: Resource, object: Obj): Obj {
  const { objectMeta } = call.services.registry.schemas;
  const custom = resource.crd !== undefined;
  const pruned = prune(object, resource.schema ?? noSchema, objectMeta, !custom);
  reportUnknown(call, resource, pruned.unknown);
  return custom ? pruned.value : decodeBuiltin(resource, pruned.value);
}

/** As `configuration`, with defaults filled in. */
export function decoded(call: Call, resource: Resource, object: Obj): Obj {
  const custom = resource.crd !== undefined;
  const value = configuration(call, resource, object);
  if (custom) fillDefaults(value, resource.schema ?? noSchema);
  else builtinRules(resource).fill?.(value);
  return value;
}

/** Everything that is wrong with the object by its schema and the rules in it. */
function schemaCauses(call: Call, resource: Resource, object: Obj, current: Obj | undefined): Cause[] {
  const { schema } = resource;
  if (!schema) return [];
  const { status: _, ...withoutStatus } = object;
  const causes = validateValue(resource.crd ? object : withoutStatus, schema, '', current);
  if (!resource.crd || !schemaHasRules(schema)) return causes;
  if (causes.length > 0) return [...causes, rulesSkipped];
  return validateRules(schema, object, current, call.services.programs);
}

/** From what a client sent to what may be stored, or an error that names each wrong field. */
export function shape(call: Call, resource: Resource, object: Obj, current: Obj | undefined): Obj {
  const value = decoded(call, resource, object);
  const causes = schemaCauses(call, resource, value, current);
  if (causes.length > 0) throw invalid(resource, value.metadata.name ?? '', causes);
  return value;
}
