import { ApiError, conflict, notFound } from '../errors.ts';
import { jsonObject, json, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import type { Resource } from '../registry.ts';
import { isDryRun, type Call } from '../services.ts';
import { encode } from '../storage/codec.ts';
import { WriteConflict } from '../storage/store.ts';
import type { Loose, Obj } from '../types.ts';
import { admit } from '../admission/admit.ts';
import { timestamp } from './create.ts';
import { page } from './list.ts';
import { served } from './versions.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

const retries = 20;

export async function deleteOptions(call: Call): Promise<DeleteOptions> {
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

/** Seconds that a pod gets to end; every other kind gets none. */
function gracePeriod(resource: Resource, object: Obj, options: DeleteOptions): number {
  if (resource.storage !== '/pods') return 0;
  const phase = object['status']?.phase;
  if (!object['spec']?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  const seconds = options.gracePeriodSeconds ?? object['spec'].terminationGracePeriodSeconds ?? 30;
  return seconds < 0 ? 1 : seconds;
}

function withPolicy(object: Obj, options: DeleteOptions): string[] {
  const policy = options.propagationPolicy ?? (options.orphanDependents ? 'Orphan' : undefined);
  const finalizers = object.metadata.finalizers ?? [];
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion');
  if (policy === 'Orphan') return [...others, 'orphan'];
  return policy === 'Foreground' ? [...others, 'foregroundDeletion'] : others;
}

/** The object as a deletion marks it; undefined when it can go at once. */
function marked(object: Obj, grace: number, finalizers: readonly string[], now: Date): Obj | undefined {
  const isNamespace = object.kind === 'Namespace' && object.apiVersion === 'v1';
  if (grace === 0 && finalizers.length === 0 && !isNamespace) return undefined;
  const { deletionTimestamp, deletionGracePeriodSeconds: before } = object.metadata;
  const seconds = deletionTimestamp ? Math.min(before ?? 0, grace) : grace;
  const shortened = !deletionTimestamp || seconds !== before;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(finalizers.length > 0 && { finalizers: [...finalizers] }),
      deletionTimestamp: shortened ? timestamp(new Date(now.getTime() + seconds * 1000)) : deletionTimestamp,
      deletionGracePeriodSeconds: seconds,
      ...(object.metadata.generation && !deletionTimestamp && { generation: object.metadata.generation + 1 }),
    },
    ...(isNamespace && { status: { ...object['status'], phase: 'Terminating' } }),
  };
}

/** Deletes or marks one object. `gone`: it was removed now. */
export async function remove(
  call: Call,
  resource: Resource,
  found: Obj,
  options: DeleteOptions,
): Promise<{ object: Obj; gone: boolean }> {
  const { store } = call.services;
  let object = found;
  for (let attempt = 0; ; attempt++) {
    checkPreconditions(resource, object, options);
    await admit(call, resource, 'DELETE', object, object);
    const grace = gracePeriod(resource, object, options);
    const next = marked(object, grace, withPolicy(object, options), call.services.now());
    if (isDryRun(call)) return { object: next ?? object, gone: next === undefined };
    try {
      if (!next) return { object: store.remove(resource.storage, object), gone: true };
      return { object: store.put(resource.storage, next, object), gone: false };
    } catch (error) {
      if (!(error instanceof WriteConflict) || attempt >= retries) throw error;
      const again = store.get(resource.storage, object.metadata.namespace, object.metadata.name ?? '');
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
    try {
      done.push((await remove(call, resource, item, options)).object);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 404)) throw error;
    }
  }
  const objects = done.map((object) => served(resource, object));
  const { kind, apiVersion } = { kind: resource.listKind, apiVersion: objects[0]?.apiVersion ?? resource.version };
  return jsonObject(200, { kind, apiVersion, metadata: { resourceVersion: String(revision) }, items: objects });
}
