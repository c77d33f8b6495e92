import type { Cause } from '../errors.ts';
import type { Schema } from '../schema/schema.ts';
import type { Obj } from '../types.ts';

export function validateRules(_schema: Schema, _object: Obj, _current: Obj | undefined): Cause[] {
  return [];
}
