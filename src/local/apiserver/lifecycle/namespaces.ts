import { notFound } from '../errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import type { Resource } from '../registry.ts';
import type { Call, Services } from '../services.ts';
import type { Loose, Obj } from '../types.ts';
import { deleteStored, putOrFinish } from './deletion.ts';

const storage = '/namespaces';

function finish(services: Services, namespace: Obj): Obj {
  return putOrFinish(
    services.store,
    storage,
    { ...namespace, spec: { ...namespace['spec'], finalizers: [] } },
    namespace,
  );
}

/** PUT namespaces/{name}/finalize: sets spec.finalizers; the last one gone ends the namespace. */
export async function finalizeNamespace(call: Call, resource: Resource): Promise<Answer> {
  const { name } = call.info;
  const found = call.services.store.get(storage, undefined, name);
  if (!found) throw notFound(resource, name);
  const body: Loose = parseDocument(await call.body(), call.contentType);
  const next: Obj = { ...found, spec: { ...found['spec'], finalizers: body?.spec?.finalizers ?? [] } };
  return jsonObject(200, putOrFinish(call.services.store, storage, next, found));
}

/** Deletes what is in a namespace that is to go, and the namespace when it is empty. */
function empty(services: Services, name: string): void {
  const { store, now } = services;
  const namespace = store.get(storage, undefined, name);
  if (!namespace?.metadata.deletionTimestamp) return;
  let left = 0;
  for (const place of store.resources()) {
    for (const object of store.list(place, name)) {
      if (object.metadata.deletionTimestamp ? true : !deleteStored(store, place, object, {}, now()).gone) left++;
    }
  }
  if (left === 0 && (namespace['spec']?.finalizers ?? []).length > 0) finish(services, namespace);
}

/** Follows namespaces that are being deleted. */
export function followNamespaces(services: Services): void {
  for (const namespace of services.store.list(storage)) empty(services, namespace.metadata.name ?? '');
  services.store.subscribe((changes) => {
    const names = changes.map(({ resource, object }) =>
      resource === storage ? object.metadata.name : object.metadata.namespace,
    );
    for (const name of new Set(names)) if (name) empty(services, name);
  });
}
