import { badRequest, invalid, invalidValue, type Cause } from '../model/errors.ts';
import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import { isObject } from '../schema/schema.ts';
import type { Call } from '../call/services.ts';
import { parseDocument } from '../http/body.ts';
import type { Loose, Obj } from '../model/types.ts';

/** The object in a request's body: of the right kind, name and namespace, with metadata. */
export async function decodeObject(call: Call, resource: Resource): Promise<Obj> {
  const document: Loose = parseDocument(await call.body(), call.contentType);
  return checkObject(call, resource, document);
}

export function checkObject(call: Call, resource: Resource, document: Loose): Obj {
  if (!isObject(document)) throw badRequest('the object provided is unrecognized (must be of type Object)');
  const wanted = apiVersion(resource);
  if (document['kind'] && document['kind'] !== resource.kind) {
    throw badRequest(
      `${document['kind']} in version ${JSON.stringify(String(document['apiVersion']))} cannot be handled as a ${resource.kind}: no kind ${JSON.stringify(document['kind'])} is registered for the internal version of group ${JSON.stringify(resource.group)}`,
    );
  }
  if (document['apiVersion'] && document['apiVersion'] !== wanted) {
    throw badRequest(
      `the API version in the data (${document['apiVersion']}) does not match the expected API version (${wanted})`,
    );
  }
  const metadata = document['metadata'] ?? {};
  if (!isObject(metadata)) throw badRequest('metadata: must be an object');
  const object: Obj = { ...document, apiVersion: wanted, kind: resource.kind, metadata: { ...metadata } };
  const { namespace } = call.info;
  if (resource.namespaced) {
    if (object.metadata.namespace && object.metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    object.metadata.namespace = namespace;
  } else {
    delete object.metadata.namespace;
  }
  if (call.info.name && object.metadata.name && object.metadata.name !== call.info.name) {
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${call.info.name})`,
    );
  }
  return object;
}

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainWhy =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelWhy =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const serviceLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const serviceWhy =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

function nameCause(resource: Resource, name: string): Cause | undefined {
  const bad = (why: string): Cause => invalidValue('metadata.name', name, why);
  if (resource.group === 'rbac.authorization.k8s.io') {
    return name.includes('/') || name.includes('%') || name === '.' || name === '..'
      ? bad("may not contain '/' or '%'")
      : undefined;
  }
  const [pattern, why, longest] =
    resource.storage === '/services'
      ? ([serviceLabel, serviceWhy, 63] as const)
      : resource.storage === '/namespaces'
        ? ([label, labelWhy, 63] as const)
        : ([subdomain, subdomainWhy, 253] as const);
  if (name.length > longest) return bad(`must be no more than ${longest} characters`);
  return pattern.test(name) ? undefined : bad(why);
}

const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const valueWhy =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Names, labels and annotations: the rules that hold for every kind. */
export function metadataCauses(resource: Resource, object: Obj): Cause[] {
  const causes: Cause[] = [];
  const { name = '', labels = {}, annotations = {} } = object.metadata;
  const wrong = nameCause(resource, name);
  if (wrong) causes.push(wrong);
  for (const [key, value] of Object.entries(labels)) {
    if (!labelKey.test(key))
      causes.push(invalidValue('metadata.labels', key, 'name part must consist of alphanumeric characters'));
    else if (typeof value !== 'string' || value.length > 63 || !labelValue.test(value)) {
      causes.push(
        invalidValue(
          'metadata.labels',
          value,
          typeof value === 'string' && value.length > 63 ? 'must be no more than 63 characters' : valueWhy,
        ),
      );
    }
  }
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + String(value).length, 0);
  if (size > 256 * 1024) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: 'Too long: may not be more than 262144 bytes',
      field: 'metadata.annotations',
    });
  }
  return causes;
}

export function checkMetadata(resource: Resource, object: Obj): void {
  const causes = metadataCauses(resource, object);
  if (causes.length > 0) throw invalid(resource, object.metadata.name ?? '', causes);
}
