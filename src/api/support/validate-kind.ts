import type { KubeObject } from '../../kube/types.ts';
import { annotation } from '../../labels.ts';
import type { Kind } from '../schema/kind.ts';
import { supportTables } from './tables.ts';
import { unsupportedFields } from './unsupported.ts';
import type { ValidationResult } from '../validation/field-error.ts';

/**
 * The part of validation that is the same for every kind: the annotation that turns it off, fields that nothing honours yet, and
 * then the rules of the kind.
 */
export function validateKind<T extends KubeObject & { spec: unknown }>(
  kind: Kind,
  object: T,
  rules: () => ValidationResult,
): ValidationResult {
  const setting = object.metadata?.annotations?.[annotation.validation];
  if (setting === 'disabled') {
    return { errors: [], warnings: [`validation is disabled by the annotation ${annotation.validation}`] };
  }
  const { errors, warnings } = rules();
  const table = supportTables[kind.kind];
  const unsupported = kind.spec && table ? unsupportedFields(kind.spec, table, object.spec) : [];
  const misspelt =
    setting === undefined || setting === 'enabled'
      ? []
      : [`annotation ${annotation.validation}: ${setting} is neither enabled nor disabled; the object is validated`];
  return { errors: [...unsupported, ...errors], warnings: [...misspelt, ...warnings] };
}
