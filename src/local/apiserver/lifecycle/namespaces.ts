import { notFound } from '../model/errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call, Services } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
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

/** As with a real controller a moment passes, so that `kubectl delete -f` still finds what else is in the file. */
const delay = 250;

/** Follows namespaces that are being deleted. */
export function followNamespaces(services: Services): void {
  const due = new Set<string>();
  const look = (name: string | undefined): void => {
    if (!name || due.has(name) || !services.store.get(storage, undefined, name)?.metadata.deletionTimestamp) return;
    due.add(name);
    setTimeout(() => {
      due.delete(name);
      if (!services.signal.aborted) empty(services, name);
    }, delay).unref();
  };
  for (const namespace of services.store.list(storage)) look(namespace.metadata.name);
  services.store.subscribe((changes) => {
    for (const { resource, object } of changes)
      look(resource === storage ? object.metadata.name : object.metadata.namespace);
  });
}
