import { ApiError, conflict, notFound } from '../model/errors.ts';
import { jsonObject, json, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import { currentOf, deleteStored, deletionOf, type Deleted, type DeleteOptions } from '../lifecycle/deletion.ts';
import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import { isDryRun, type Call } from '../call/services.ts';
import { encode } from '../storage/codec.ts';
import { WriteConflict } from '../storage/store.ts';
import type { Loose, Obj } from '../model/types.ts';
import { admit } from '../admission/admit.ts';
import { page } from './list.ts';
import { served } from './versions.ts';

const retries = 20;

async function deleteOptions(call: Call): Promise<DeleteOptions> {
  const body = await call.body();
  const fromBody: Loose = body.length > 0 ? parseDocument(body, call.contentType) : {};
  const grace = call.query.get('gracePeriodSeconds');
  const propagationPolicy = call.query.get('propagationPolicy') ?? fromBody.propagationPolicy;
  return {
    ...fromBody,
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(propagationPolicy && { propagationPolicy }),
  };
}

function checkPreconditions(resource: Resource, object: Obj, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const fail = (field: string, wanted: string, found: string | undefined): ApiError =>
    conflict(
      resource,
      object.metadata.name ?? '',
      `Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${found}`,
    );
  if (uid && uid !== object.metadata.uid) throw fail('UID', uid, object.metadata.uid);
  if (resourceVersion && resourceVersion !== object.metadata.resourceVersion) {
    throw fail('ResourceVersion', resourceVersion, object.metadata.resourceVersion);
  }
}

/** Deletes or marks one object, after admission. */
export async function remove(call: Call, resource: Resource, found: Obj, options: DeleteOptions): Promise<Deleted> {
  const { store, now } = call.services;
  let object = found;
  for (let attempt = 0; ; attempt++) {
    checkPreconditions(resource, object, options);
    await admit(call, resource, 'DELETE', object, object);
    if (isDryRun(call)) {
      const next = deletionOf(resource.storage, object, options, now());
      return { object: next ?? object, gone: next === undefined };
    }
    try {
      return deleteStored(store, resource.storage, object, options, now());
    } catch (error) {
      if (!(error instanceof WriteConflict) || attempt >= retries) throw error;
      const again = currentOf(store, resource.storage, object);
      if (!again) throw notFound(resource, object.metadata.name ?? '');
      object = again;
    }
  }
}

export async function deleteOne(call: Call, resource: Resource): Promise<Answer> {
  const { namespace, name } = call.info;
  const options = await deleteOptions(call);
  const found = call.services.store.get(resource.storage, resource.namespaced ? namespace : undefined, name);
  if (!found) throw notFound(resource, name);
  const { object, gone } = await remove(call, resource, found, options);
  if (!gone || resource.storage === '/pods') return json(200, encode(served(resource, object)));
  return jsonObject(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(resource.group && { group: resource.group }),
      kind: resource.plural,
      uid: object.metadata.uid,
    },
  });
}

export async function deleteCollection(call: Call, resource: Resource): Promise<Answer> {
  const options = await deleteOptions(call);
  const { items, revision } = page(call, resource);
  const done: Obj[] = [];
  for (const item of items) {
    const current = currentOf(call.services.store, resource.storage, item);
    if (!current) continue;
    try {
      done.push((await remove(call, resource, current, options)).object);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 404)) throw error;
    }
  }
  return jsonObject(200, {
    kind: resource.listKind,
    apiVersion: apiVersion(resource),
    metadata: { resourceVersion: String(revision) },
    items: done.map((object) => served(resource, object)),
  });
}
