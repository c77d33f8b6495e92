import { randomUUID } from 'node:crypto';
import https from 'node:https';
import { isIP } from 'node:net';
import { ApiError, internal } from '../model/errors.ts';
import { applyJsonPatch } from '../patch/json.ts';
import { isDryRun } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import type { Admission } from './admission.ts';
import { endpointOf, type Endpoint } from './endpoint.ts';

const largestAnswer = 8 * 1024 * 1024;

function reviewOf({ call, resource, operation, object, current }: Admission, uid: string): Loose {
  const { group, version, plural, kind } = resource;
  const { name, namespace, subresource } = call.info;
  const gvk = { group, version, kind };
  const gvr = { group, version, resource: plural };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: gvk,
      resource: gvr,
      ...(subresource && { subResource: subresource }),
      requestKind: gvk,
      requestResource: gvr,
      ...(subresource && { requestSubResource: subresource }),
      name: (object ?? current)?.metadata.name ?? name,
      ...(namespace && { namespace }),
      operation,
      userInfo: { username: call.user.name, groups: call.user.groups, ...(call.user.uid && { uid: call.user.uid }) },
      object: object ?? null,
      oldObject: operation === 'CREATE' ? null : (current ?? null),
      dryRun: isDryRun(call),
      options: {
        kind: `${operation === 'DELETE' ? 'Delete' : operation === 'CREATE' ? 'Create' : 'Update'}Options`,
        apiVersion: 'meta.k8s.io/v1',
      },
    },
  };
}

/** POSTs JSON over verified TLS. */
function post(endpoint: Endpoint, body: string, signal: AbortSignal): Promise<Loose> {
  const { host, port, path, servername, ca } = endpoint;
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host,
        port,
        path,
        method: 'POST',
        agent: false,
        signal,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        ...(isIP(servername) === 0 && { servername }),
        ...(ca && { ca }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > largestAnswer) request.destroy(new Error('the answer is too large'));
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode !== 200)
            return reject(new Error(`the server answered ${response.statusCode}: ${text.slice(0, 200)}`));
          try {
            resolve(JSON.parse(text));
          } catch {
            reject(new Error('the answer is not JSON'));
          }
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function denied(webhook: Loose, status: Loose): ApiError {
  const why = status?.message || status?.reason;
  const message = `admission webhook ${JSON.stringify(webhook.name)} denied the request${why ? `: ${why}` : ' without explanation'}`;
  return new ApiError(status?.code || 403, status?.reason || 'Forbidden', message, status?.details);
}

/** Asks one webhook. Returns the object that a mutating one made of it; throws when the request is denied. */
export async function callWebhook(admission: Admission, webhook: Loose, mutating: boolean): Promise<Obj | undefined> {
  const { call, object } = admission;
  const uid = randomUUID();
  let response: Loose;
  try {
    const seconds = webhook.timeoutSeconds ?? 10;
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(seconds * 1000)]);
    const review = JSON.stringify(reviewOf(admission, uid));
    response = (await post(endpointOf(call.services, webhook.clientConfig), review, signal))?.response;
    if (response?.uid !== uid) throw new Error('expected response.uid to be that of the request');
    for (const warning of response.warnings ?? []) call.warnings.push(String(warning));
    if (response.allowed && mutating && response.patch && object) {
      return applyJsonPatch(object, JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'))) as Obj;
    }
  } catch (error) {
    if (webhook.failurePolicy === 'Ignore') return undefined;
    const { name } = webhook;
    throw internal(
      `failed calling webhook ${JSON.stringify(name)}: failed to call webhook: ${(error as Error).message}`,
    );
  }
  if (!response.allowed) throw denied(webhook, response.status);
  return undefined;
}
