import type { Resource } from '../kinds/resource.ts';
import type { Schema } from '../schema/schema.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';

const systemMeta = new Set([
  'name',
  'namespace',
  'uid',
  'selfLink',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
  'managedFields',
  'resourceVersion',
]);

/** The part of an object whose fields have owners. */
export function ownedPart(object: Obj | undefined, statusToo: boolean): Loose {
  if (!object) return {};
  const { apiVersion: _v, kind: _k, metadata, status, ...rest } = object;
  const meta = Object.fromEntries(
    Object.entries(metadata).filter(([key, value]) => !systemMeta.has(key) && value !== undefined),
  );
  return {
    ...rest,
    ...(Object.keys(meta).length > 0 && { metadata: meta }),
    ...(statusToo && status !== undefined && { status }),
  };
}

const typed = new WeakMap<Schema, Schema>();
const empty: Schema = {};

/** The schema of a kind with the schema of metadata in it. */
export function objectSchema(call: Call, resource: Resource): Schema {
  const schema = resource.schema ?? empty;
  if (!resource.crd) return schema;
  let known = typed.get(schema);
  if (!known) {
    known = { ...schema, properties: { ...schema.properties, metadata: call.services.registry.schemas.objectMeta } };
    typed.set(schema, known);
  }
  return known;
}

/** Who writes, when the request does not say: the program by its user agent. */
export const managerName = (call: Call): string =>
  call.query.get('fieldManager') || call.userAgent.split('/')[0]?.slice(0, 128) || 'unknown';
