import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Obj } from '../model/types.ts';
import { eventFromCore, eventToCore } from '../builtin/events.ts';

/** A stored object as the requested version shows it. The same object when nothing differs. */
export function served(resource: Resource, object: Obj): Obj {
  const wanted = apiVersion(resource);
  if (object.apiVersion === wanted) return object;
  if (resource.group === 'events.k8s.io') return eventFromCore(object);
  return { ...object, apiVersion: wanted };
}

/** What a client sent, as it is stored. */
export function stored(resource: Resource, object: Obj): Obj {
  if (resource.group === 'events.k8s.io') return eventToCore(object);
  const wanted = apiVersion({ group: resource.group, version: resource.storageVersion });
  return object.apiVersion === wanted ? object : { ...object, apiVersion: wanted };
}
