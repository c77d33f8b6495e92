import { notFound } from '../model/errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { mediaType, parseDocument } from '../http/body.ts';
import { applyJsonPatch, mergePatch } from '../patch/json.ts';
import type { Resource, ScalePaths } from '../kinds/resource.ts';
import { selectorText } from '../kinds/selectors.ts';
import { served } from '../rest/versions.ts';
import { update } from '../rest/write.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';

const steps = (path: string): string[] => path.replace(/^\./, '').split('.');
const read = (object: Loose, path: string): Loose => steps(path).reduce<Loose>((value, key) => value?.[key], object);

function write(object: Loose, path: string, value: Loose): void {
  const keys = steps(path);
  const last = keys.pop() ?? '';
  let at = object;
  for (const key of keys) at = at[key] ??= {};
  at[last] = value;
}

function scaleOf(resource: Resource, paths: ScalePaths, object: Obj): Loose {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = paths.selector ? read(object, paths.selector) : object['spec']?.selector;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: read(object, paths.spec) ?? (resource.crd ? undefined : 1) },
    status: {
      replicas: read(object, paths.status) ?? 0,
      ...(selector && { selector: typeof selector === 'string' ? selector : selectorText(selector) }),
    },
  };
}

function wantedScale(call: Call, current: Loose, document: Loose): Loose {
  if (call.info.verb === 'update') return document;
  return mediaType(call.contentType) === 'application/json-patch+json'
    ? applyJsonPatch(current, document)
    : mergePatch(current, document);
}

/** GET, PUT and PATCH of `scale`. */
export async function scale(call: Call, resource: Resource, paths: ScalePaths): Promise<Answer> {
  const { namespace, name, verb } = call.info;
  const found = call.services.store.get(resource.storage, resource.namespaced ? namespace : undefined, name);
  if (!found) throw notFound(resource, name);
  if (verb === 'get') return jsonObject(200, scaleOf(resource, paths, found));
  const document: Loose = parseDocument(await call.body(), call.contentType);
  const object = await update(call, resource, '', (current) => {
    const wanted = wantedScale(call, scaleOf(resource, paths, current), document);
    const next = structuredClone(served(resource, current));
    write(next, paths.spec, wanted?.spec?.replicas ?? 0);
    next.metadata.resourceVersion = document?.metadata?.resourceVersion ?? '';
    return next;
  });
  return jsonObject(200, scaleOf(resource, paths, object));
}
