import { timestamp } from '../model/time.ts';
import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Obj } from '../model/types.ts';
import { difference, union } from './field-set.ts';
import { readManagers, sameManager, takeAway, withManager, writeManagers, type Manager } from './managers.ts';
import { compare } from './ownership.ts';
import { managerName, objectSchema, ownedPart } from './tracked.ts';

/** A client empties the list by sending one empty entry. */
const isReset = (object: Obj): boolean => {
  const entries = object.metadata.managedFields as Record<string, unknown>[] | undefined;
  return entries?.length === 1 && Object.keys(entries[0] ?? {}).length === 0;
};

/** Books what a create, update or patch changed to who did it. `asked` is what the client sent. */
export function trackUpdate(call: Call, resource: Resource, current: Obj | undefined, next: Obj, asked: Obj): Obj {
  const mine: Omit<Manager, 'fields'> = {
    manager: managerName(call),
    operation: 'Update',
    apiVersion: apiVersion(resource),
    time: timestamp(call.services.now()),
    ...(call.info.subresource && { subresource: call.info.subresource }),
  };
  const managers = isReset(asked) ? [] : readManagers(current);
  const { changed, removed } = compare(ownedPart(current, true), ownedPart(next, true), objectSchema(call, resource));
  const before = managers.find((other) => sameManager(other, { ...mine, fields: changed }));
  const fields = before ? union(before.fields, changed) : changed;
  const entry: Manager = { ...mine, fields };
  const others = takeAway(managers, entry, changed);
  const all = withManager(others, entry).map((one) => ({ ...one, fields: difference(one.fields, removed) }));
  const managedFields = writeManagers(all);
  return { ...next, metadata: { ...next.metadata, managedFields } };
}
