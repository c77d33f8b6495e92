import { ApiError, badRequest, notFound, unsupportedMediaType } from '../model/errors.ts';
import { serverSideApply } from '../apply/apply.ts';
import { mediaType, parseDocument } from '../http/body.ts';
import { applyJsonPatch, mergePatch } from '../patch/json.ts';
import { strategicMerge } from '../patch/strategic.ts';
import type { Resource } from '../kinds/resource.ts';
import { isObject } from '../schema/schema.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { create } from './create.ts';
import { checkObject } from './decode.ts';
import { configuration } from '../admission/shape.ts';
import { served } from './versions.ts';
import { update } from './write.ts';

export interface Patched {
  readonly object: Obj;
  readonly created: boolean;
}

function patched(type: string, resource: Resource, current: Obj, patch: Loose): Loose {
  if (type === 'application/json-patch+json') return applyJsonPatch(current, patch);
  if (!isObject(patch)) throw badRequest('a patch must be an object');
  if (type === 'application/merge-patch+json') return mergePatch(current, patch);
  if (type === 'application/strategic-merge-patch+json' && !resource.crd)
    return strategicMerge(current, patch, resource.schema);
  throw unsupportedMediaType(type);
}

async function apply(call: Call, resource: Resource, document: Loose): Promise<Patched> {
  if (!isObject(document)) throw badRequest('the object provided is unrecognized (must be of type Object)');
  if (!document['apiVersion'] || !document['kind'])
    throw badRequest('apiVersion and kind must be set in an apply patch');
  const config = configuration(call, resource, checkObject(call, resource, document));
  config.metadata.name ??= call.info.name;
  const { namespace, name, subresource } = call.info;
  const found = call.services.store.get(resource.storage, resource.namespaced ? namespace : undefined, name);
  if (!found) {
    if (subresource || config.metadata.uid) throw notFound(resource, name);
    const { resourceVersion: _, ...metadata } = config.metadata;
    const fresh = serverSideApply(call, resource, undefined, { ...config, metadata });
    delete fresh.metadata.resourceVersion;
    try {
      return { object: await create(call, resource, fresh, true), created: true };
    } catch (error) {
      // Somebody else made it meanwhile: then it is an update.
      if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
    }
  }
  const change = (current: Obj): Obj => serverSideApply(call, resource, served(resource, current), config);
  return { object: await update(call, resource, subresource, change, true), created: false };
}

/** The four kinds of PATCH, by content type. */
export async function patch(call: Call, resource: Resource): Promise<Patched> {
  const type = mediaType(call.contentType);
  const document: Loose = parseDocument(await call.body(), call.contentType);
  if (type === 'application/apply-patch+yaml') return apply(call, resource, document);
  if (!type.endsWith('patch+json')) throw unsupportedMediaType(type);
  const object = await update(call, resource, call.info.subresource, (current) => {
    const next = patched(type, resource, served(resource, current), document);
    return checkObject(call, resource, withoutStaleVersion(next, document, current));
  });
  return { object, created: false };
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
