import { ApiError, badRequest, type Cause } from '../model/errors.ts';
import { timestamp } from '../model/time.ts';
import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { difference, intersection, isEmpty, members, pathText, union, type FieldSet } from './field-set.ts';
import { readManagers, sameManager, takeAway, withManager, writeManagers, type Manager } from './managers.ts';
import { merge, without } from './merge.ts';
import { compare, fieldsOf } from './ownership.ts';
import { objectSchema, ownedPart } from './tracked.ts';

function conflictError(conflicts: readonly { manager: Manager; fields: FieldSet }[]): ApiError {
  const causes: Cause[] = conflicts.flatMap(({ manager, fields }) =>
    members(fields).map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${JSON.stringify(manager.manager)}${manager.subresource ? ` with subresource ${JSON.stringify(manager.subresource)}` : ''}${manager.operation === 'Update' ? ` using ${manager.apiVersion}` : ''}`,
      field: pathText(path),
    })),
  );
  const count = `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  const lines = causes.map((cause) => `${cause.message}: ${cause.field}`);
  return new ApiError(409, 'Conflict', `${count}: ${lines.join(', ')}`, { causes });
}

/** What the applier once applied, applies no longer, and nobody else owns or holds something below of. */
function abandoned(last: FieldSet, owned: FieldSet): FieldSet {
  const gone = difference(last, owned);
  const keepParents = (set: FieldSet, other: FieldSet | undefined): void => {
    if (other) set.member = false;
    for (const [element, child] of set.children) keepParents(child, other?.children.get(element));
  };
  keepParents(gone, owned);
  return gone;
}

function ownedConfig(config: Obj, resource: Resource, subresource: string): Loose {
  const owned = ownedPart(config, !resource.status || subresource === 'status');
  return subresource === 'status' ? { ...('status' in owned && { status: owned.status }) } : owned;
}

/** Server-side apply: `config` laid over `live` (undefined: the object is made). */
export function serverSideApply(call: Call, resource: Resource, live: Obj | undefined, config: Obj): Obj {
  const name = call.query.get('fieldManager');
  if (!name)
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  if (config.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
  const schema = objectSchema(call, resource);
  const { subresource } = call.info;
  const wanted = ownedConfig(config, resource, subresource);
  const mine: Manager = {
    manager: name,
    operation: 'Apply',
    apiVersion: apiVersion(resource),
    time: timestamp(call.services.now()),
    ...(subresource && { subresource }),
    fields: fieldsOf(wanted, schema),
  };
  const before = readManagers(live);
  if (live && before.length === 0) {
    const fields = fieldsOf(ownedPart(live, true), schema);
    before.push({ ...mine, manager: 'before-first-apply', operation: 'Update', fields });
  }
  const last = before.find((other) => sameManager(other, mine));
  const liveOwned = ownedPart(live, true);
  const others = before.filter((other) => other !== last);
  const owned = others.reduce((sum, other) => union(sum, other.fields), mine.fields);
  const merged = merge(liveOwned, wanted, schema);
  const result = (last ? without(merged, abandoned(last.fields, owned), schema) : merged) ?? {};
  const { changed, removed } = compare(liveOwned, result, schema);
  const conflicts = others
    .map((manager) => ({ manager, fields: intersection(manager.fields, changed) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (conflicts.length > 0 && call.query.get('force') !== 'true') throw conflictError(conflicts);
  const left = takeAway(before, mine, changed);
  const all = withManager(left, mine).map((one) =>
    sameManager(one, mine) ? one : { ...one, fields: difference(one.fields, removed) },
  );
  return assemble(live, config, result, writeManagers(all));
}

function assemble(live: Obj | undefined, config: Obj, result: Loose, managedFields: Loose[]): Obj {
  const base: Obj = live ?? { apiVersion: config.apiVersion, kind: config.kind, metadata: { ...config.metadata } };
  const kept = Object.fromEntries(
    Object.entries(base.metadata).filter(
      ([key]) => !['labels', 'annotations', 'ownerReferences', 'finalizers'].includes(key),
    ),
  );
  const { resourceVersion, uid } = config.metadata;
  return {
    ...result,
    apiVersion: config.apiVersion,
    kind: config.kind,
    metadata: {
      ...kept,
      ...result.metadata,
      resourceVersion: resourceVersion ?? '',
      ...(uid && { uid }),
      managedFields,
    },
  };
}
