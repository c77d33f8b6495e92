import { notFound } from '../errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import type { Resource } from '../registry.ts';
import type { Call } from '../services.ts';
import type { Loose, Obj } from '../types.ts';

/** PUT namespaces/{name}/finalize: sets spec.finalizers; the last one gone ends the namespace. */
export async function finalizeNamespace(call: Call, resource: Resource): Promise<Answer> {
  const { name } = call.info;
  const { store } = call.services;
  const found = store.get('/namespaces', undefined, name);
  if (!found) throw notFound(resource, name);
  const body: Loose = parseDocument(await call.body(), call.contentType);
  const finalizers = (body?.spec?.finalizers ?? []) as string[];
  const next: Obj = { ...found, spec: { ...found['spec'], finalizers } };
  const stored = store.put('/namespaces', next, found);
  const over = stored.metadata.deletionTimestamp && finalizers.length === 0 && !stored.metadata.finalizers?.length;
  return jsonObject(200, over ? store.remove('/namespaces', stored) : stored);
}
