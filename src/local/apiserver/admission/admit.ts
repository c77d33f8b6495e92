import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Obj } from '../model/types.ts';
import { shape } from './shape.ts';
import { equal } from '../model/equal.ts';
import type { Admission, Operation } from './admission.ts';
import { matchingWebhooks } from './match.ts';
import { callWebhook } from './webhook.ts';

/** Mutating webhooks one after the other, then validating ones all at once. Returns the object as they leave it. */
export async function admit(
  call: Call,
  resource: Resource,
  operation: Operation,
  object: Obj,
  current: Obj | undefined,
): Promise<Obj> {
  // Webhooks are never asked about webhooks: a broken one must be removable.
  if (resource.group === 'admissionregistration.k8s.io') return object;
  const gone = operation === 'DELETE';
  let admitted = object;
  const admission = (): Admission => ({ call, resource, operation, object: gone ? undefined : admitted, current });
  for (const webhook of matchingWebhooks(admission(), 'mutating')) {
    const changed = await callWebhook(admission(), webhook, true);
    if (changed && !equal(changed, admitted)) admitted = shape(call, resource, changed, current);
  }
  const validating = matchingWebhooks(admission(), 'validating');
  await Promise.all(validating.map((webhook) => callWebhook(admission(), webhook, false)));
  return admitted;
}
