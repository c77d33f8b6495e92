import jsonPatch from 'fast-json-patch';
import { badRequest, ApiError } from '../model/errors.ts';
import { isObject } from '../schema/schema.ts';
import type { Loose } from '../model/types.ts';

/** RFC 6902. */
export function applyJsonPatch(document: Loose, operations: Loose): Loose {
  if (!Array.isArray(operations))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  try {
    return jsonPatch.applyPatch(structuredClone(document), operations, true, true, true).newDocument;
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0] ?? '';
    throw new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${reason}`);
  }
}

/** RFC 7386. */
export function mergePatch(target: Loose, patch: Loose): Loose {
  if (!isObject(patch)) return patch;
  const result: Record<string, Loose> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
