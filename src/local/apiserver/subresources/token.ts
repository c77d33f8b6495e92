import { invalid, invalidValue, notFound } from '../model/errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import { timestamp } from '../model/time.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { tokenIssuer } from '../auth/tokens.ts';

const shortest = 600;
const subject = { group: 'authentication.k8s.io', plural: 'tokenrequests', kind: 'TokenRequest' };

function boundPod(call: Call, reference: Loose): Obj | undefined {
  if (!reference) return undefined;
  const { namespace, name } = call.info;
  if (reference.kind !== 'Pod') {
    throw invalid(subject, name, [invalidValue('spec.boundObjectRef.kind', reference.kind, 'must be Pod')]);
  }
  const pod = call.services.store.get('/pods', namespace, reference.name);
  if (!pod || (reference.uid && reference.uid !== pod.metadata.uid)) {
    throw notFound({ group: '', plural: 'pods', kind: 'Pod' }, reference.name);
  }
  return pod;
}

/** POST serviceaccounts/{name}/token. */
export async function requestToken(call: Call): Promise<Answer> {
  const { namespace, name } = call.info;
  const account = call.services.store.get('/serviceaccounts', namespace, name);
  if (!account) throw notFound({ group: '', plural: 'serviceaccounts', kind: 'ServiceAccount' }, name);
  const body: Loose = parseDocument(await call.body(), call.contentType);
  const { audiences = [], expirationSeconds = 3600, boundObjectRef } = body?.spec ?? {};
  if (expirationSeconds < shortest) {
    const why = 'may not specify a duration less than 10 minutes';
    throw invalid(subject, name, [invalidValue('spec.expirationSeconds', expirationSeconds, why)]);
  }
  const wanted = audiences.length > 0 ? audiences : [tokenIssuer];
  const now = call.services.now();
  const token = call.services.tokens.issue(account, boundPod(call, boundObjectRef), wanted, expirationSeconds, now);
  return jsonObject(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(now) },
    spec: { audiences: wanted, expirationSeconds, boundObjectRef: boundObjectRef ?? null },
    status: { token, expirationTimestamp: timestamp(new Date(now.getTime() + expirationSeconds * 1000)) },
  });
}
