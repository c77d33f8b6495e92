import type { ObjectSchema, Schema } from './schema.ts';

/** A path of field names; `[]` follows the name of a list whose items have fields of their own: `externalClusters[].name`. */
export type FieldPath = string;

export const join = (path: FieldPath, name: string): FieldPath => (path === '' ? name : `${path}.${name}`);

/** Every field below `schema`, parents before their children. */
export function* allPaths(schema: ObjectSchema, path: FieldPath = ''): Generator<[FieldPath, Schema]> {
  for (const [name, field] of Object.entries(schema.fields)) yield* pathsOf(field, join(path, name));
}

function* pathsOf(schema: Schema, path: FieldPath): Generator<[FieldPath, Schema]> {
  yield [path, schema];
  if (schema.type === 'object') yield* allPaths(schema, path);
  else if (schema.type === 'list' && schema.items.type === 'object') yield* allPaths(schema.items, `${path}[]`);
}

/** The fields that have no fields of their own. Maps and embedded Kubernetes types count as one field. */
export function leafPaths(schema: ObjectSchema): FieldPath[] {
  return [...allPaths(schema)].filter(([, field]) => isLeaf(field)).map(([path]) => path);
}

export const isLeaf = (schema: Schema): boolean =>
  schema.type !== 'object' && !(schema.type === 'list' && schema.items.type === 'object');
