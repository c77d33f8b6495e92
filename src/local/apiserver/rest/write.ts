import { invalid, notFound, staleVersion } from '../model/errors.ts';
import { putOrFinish } from '../lifecycle/deletion.ts';
import type { Resource } from '../kinds/resource.ts';
import { isDryRun, type Call } from '../call/services.ts';
import { WriteConflict } from '../storage/store.ts';
import type { Obj } from '../model/types.ts';
import { trackUpdate } from '../apply/track.ts';
import { admit } from '../admission/admit.ts';
import { shape } from '../admission/shape.ts';
import { checkMetadata } from './decode.ts';
import { equal } from '../model/equal.ts';
import { stored } from './versions.ts';
import { checkEscalation } from '../admission/escalation.ts';
import { builtinRules } from '../builtin/rules.ts';

/** A change of one object: from what is stored now to what it shall be. Called again when somebody else was faster. */
export type Change = (current: Obj) => Promise<Obj> | Obj;

const retries = 20;

/** Groups whose objects count changes of their spec. */
const counted = new Set([
  'apps',
  'batch',
  'policy',
  'apiextensions.k8s.io',
  'admissionregistration.k8s.io',
  'discovery.k8s.io',
]);
export const hasGeneration = (resource: Resource): boolean =>
  resource.crd !== undefined || counted.has(resource.group) || resource.storage === '/pods';

/** Fields outside metadata (and status, where status is a sub-resource) differ. */
function specChanged(resource: Resource, before: Obj, after: Obj): boolean {
  const rest = ({ metadata: _m, apiVersion: _v, status, ...fields }: Obj): object =>
    resource.status ? fields : { ...fields, status };
  return !equal(rest(before), rest(after));
}

/** What a client may not change, put back; what belongs to the other endpoint, kept. */
export function carryOver(resource: Resource, subresource: string, current: Obj, next: Obj): Obj {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = current.metadata;
  const system = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation };
  const set = Object.fromEntries(Object.entries(system).filter(([, value]) => value !== undefined));
  if (subresource === 'status') {
    const { resourceVersion, managedFields } = next.metadata;
    return {
      ...current,
      metadata: {
        ...current.metadata,
        ...(resourceVersion && { resourceVersion }),
        ...(managedFields && { managedFields }),
      },
      ...('status' in next ? { status: next['status'] } : { status: undefined }),
    };
  }
  const { deletionTimestamp: _d, deletionGracePeriodSeconds: _g, generation: _n, ...metadata } = next.metadata;
  const kept: Obj = { ...next, metadata: { ...metadata, ...set } };
  if (!resource.status) return kept;
  const { status: _, ...withoutStatus } = kept;
  return 'status' in current ? { ...withoutStatus, status: current['status'] } : withoutStatus;
}

/** Checks uid and resourceVersion that the client sent against the stored object. */
export function checkVersion(resource: Resource, current: Obj, next: Obj): void {
  const name = current.metadata.name ?? '';
  const { resourceVersion, uid } = next.metadata;
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) throw staleVersion(resource, name);
  if (uid && uid !== current.metadata.uid) throw staleVersion(resource, name);
}

/** Runs a change through schema, rules and admission, and stores it. Returns what is stored (or, in a dry run, would be). */
export async function update(
  call: Call,
  resource: Resource,
  subresource: string,
  change: Change,
  /** The change has booked itself to its owner (server-side apply). */
  booked = false,
): Promise<Obj> {
  const { store } = call.services;
  const { namespace, name } = call.info;
  for (let attempt = 0; ; attempt++) {
    const current = store.get(resource.storage, resource.namespaced ? namespace : undefined, name);
    if (!current) throw notFound(resource, name);
    const next = await change(current);
    checkVersion(resource, current, next);
    const prepared = await prepareUpdate(call, resource, subresource, current, next);
    const changed = booked ? prepared : trackUpdate(call, resource, current, prepared, next);
    if (equal(unversioned(changed), unversioned(current)) || isDryRun(call)) return isDryRun(call) ? changed : current;
    try {
      return putOrFinish(store, resource.storage, changed, current);
    } catch (error) {
      if (!(error instanceof WriteConflict) || attempt >= retries) throw error;
      if (next.metadata.resourceVersion) throw staleVersion(resource, name);
    }
  }
}

const unversioned = (object: Obj): Obj => ({ ...object, metadata: { ...object.metadata, resourceVersion: '' } });

async function prepareUpdate(
  call: Call,
  resource: Resource,
  subresource: string,
  current: Obj,
  next: Obj,
): Promise<Obj> {
  const name = current.metadata.name ?? '';
  const kept = structuredClone(carryOver(resource, subresource, current, stored(resource, next)));
  const rules = builtinRules(resource);
  if (subresource === '') rules.retain?.(kept, current, call.services);
  let changed = shape(call, resource, kept, current);
  changed = carryOver(resource, subresource, current, await admit(call, resource, 'UPDATE', changed, current));
  checkMetadata(resource, changed);
  checkEscalation(call, resource, changed, current);
  const causes = rules.validate?.(changed, current) ?? [];
  if (causes.length > 0) throw invalid(resource, name, causes);
  if (hasGeneration(resource) && specChanged(resource, current, changed)) {
    changed = { ...changed, metadata: { ...changed.metadata, generation: (current.metadata.generation ?? 0) + 1 } };
  }
  return changed;
}
