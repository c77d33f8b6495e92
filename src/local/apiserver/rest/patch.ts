import { badRequest, unsupportedMediaType } from '../errors.ts';
import { mediaType, parseDocument } from '../http/body.ts';
import { applyJsonPatch, mergePatch } from '../patch/json.ts';
import type { Resource } from '../registry.ts';
import { isObject } from '../schema/schema.ts';
import type { Call } from '../services.ts';
import type { Loose, Obj } from '../types.ts';
import { checkObject } from './decode.ts';
import { served } from './versions.ts';
import { update } from './write.ts';

function patched(type: string, current: Obj, patch: Loose): Loose {
  if (type === 'application/json-patch+json') return applyJsonPatch(current, patch);
  if (!isObject(patch)) throw badRequest('a patch must be an object');
  return mergePatch(current, patch);
}

export async function patch(call: Call, resource: Resource): Promise<Obj> {
  const type = mediaType(call.contentType);
  const document: Loose = parseDocument(await call.body(), call.contentType);
  if (!type.includes('patch')) throw unsupportedMediaType(type);
  return update(call, resource, call.info.subresource, (current) =>
    checkObject(
      call,
      resource,
      withoutStaleVersion(patched(type, served(resource, current), document), document, current),
    ),
  );
}

/** A resourceVersion that the patch does not name is the stored one: it must not make the patch fail later. */
function withoutStaleVersion(next: Loose, document: Loose, current: Obj): Loose {
  const named = Array.isArray(document)
    ? document.some((operation: Loose) => operation.path === '/metadata/resourceVersion')
    : document?.metadata?.resourceVersion !== undefined;
  if (named || next?.metadata?.resourceVersion !== current.metadata.resourceVersion) return next;
  const { resourceVersion: _, ...metadata } = next.metadata;
  return { ...next, metadata };
}
