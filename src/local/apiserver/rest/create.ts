import { randomBytes, randomUUID } from 'node:crypto';
import { timestamp } from '../model/time.ts';
import { alreadyExists, ApiError, badRequest, forbidden, invalid, notFound, required } from '../model/errors.ts';
import type { Resource } from '../kinds/resource.ts';
import { isDryRun, type Call } from '../call/services.ts';
import { WriteConflict } from '../storage/store.ts';
import type { Obj } from '../model/types.ts';
import { trackUpdate } from '../apply/track.ts';
import { admit } from '../admission/admit.ts';
import { checkEscalation } from '../admission/escalation.ts';
import { builtinRules } from '../builtin/rules.ts';
import { checkMetadata } from './decode.ts';
import { shape } from '../admission/shape.ts';
import { stored } from './versions.ts';
import { hasGeneration } from './write.ts';

/** The letters of generated names: no vowels, so no words, and nothing that looks like something else. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffix = (): string => [...randomBytes(5)].map((byte) => alphabet[byte % alphabet.length]).join('');

function checkNamespace(call: Call, resource: Resource, name: string): void {
  const { namespace } = call.info;
  const found = call.services.store.get('/namespaces', undefined, namespace);
  if (!found) throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace);
  if (!found.metadata.deletionTimestamp) return;
  const error = forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw new ApiError(403, 'Forbidden', error.message, {
    ...error.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

function systemFields(call: Call, resource: Resource, object: Obj): Obj {
  const { generateName, name: asked } = object.metadata;
  const {
    selfLink: _s,
    resourceVersion: _r,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _g,
    generation: _n,
    ...metadata
  } = object.metadata;
  const name = asked || (generateName ? `${generateName.slice(0, 58)}${suffix()}` : '');
  if (name === '') {
    throw invalid(resource, '', [required('metadata.name', 'name or generateName is required')]);
  }
  return {
    ...object,
    metadata: {
      ...metadata,
      name,
      uid: randomUUID(),
      creationTimestamp: timestamp(call.services.now()),
      ...(hasGeneration(resource) && { generation: 1 }),
    },
  };
}

/** Stores a new object. `object` has been decoded and its kind checked. `booked`: its fields have their owner already. */
export async function create(call: Call, resource: Resource, object: Obj, booked = false): Promise<Obj> {
  if (object.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  const named = systemFields(call, resource, structuredClone(object));
  const name = named.metadata.name ?? '';
  if (resource.namespaced) checkNamespace(call, resource, name);
  const { store } = call.services;
  const place = resource.namespaced ? call.info.namespace : undefined;
  if (store.get(resource.storage, place, name)) throw alreadyExists(resource, name);
  let fresh = stored(resource, named);
  if (resource.status) delete fresh['status'];
  fresh = shape(call, resource, fresh, undefined);
  fresh = await admit(call, resource, 'CREATE', fresh, undefined);
  checkMetadata(resource, fresh);
  checkEscalation(call, resource, fresh, undefined);
  const rules = builtinRules(resource);
  const causes = rules.validate?.(fresh, undefined) ?? [];
  if (causes.length > 0) throw invalid(resource, name, causes);
  rules.prepare?.(fresh, call.services);
  if (!booked) fresh = trackUpdate(call, resource, undefined, fresh, object);
  if (isDryRun(call)) return fresh;
  try {
    return store.put(resource.storage, fresh, undefined);
  } catch (error) {
    if (error instanceof WriteConflict) throw alreadyExists(resource, name);
    throw error;
  }
}
