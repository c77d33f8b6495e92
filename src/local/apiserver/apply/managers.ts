import type { Loose, Obj } from '../model/types.ts';
import { difference, equalSets, fromFieldsV1, isEmpty, toFieldsV1, type FieldSet } from './field-set.ts';

export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fields: FieldSet;
}

export const sameManager = (a: Manager, b: Manager): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  (a.subresource ?? '') === (b.subresource ?? '');

export const readManagers = (object: Obj | undefined): Manager[] =>
  ((object?.metadata.managedFields ?? []) as Loose[])
    .filter((entry) => entry?.manager !== undefined)
    .map(({ manager, operation, apiVersion, subresource, time, fieldsV1 }) => ({
      manager,
      operation,
      apiVersion,
      ...(subresource && { subresource }),
      ...(time && { time }),
      fields: fromFieldsV1(fieldsV1),
    }));

/** The entries of metadata.managedFields; who owns nothing is left out. */
export const writeManagers = (managers: readonly Manager[]): Loose[] =>
  managers
    .filter(({ fields }) => !isEmpty(fields))
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time && { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource && { subresource }),
    }));

/** `managers` with `mine` put in; its time is kept while its fields are the same. */
export function withManager(managers: readonly Manager[], mine: Manager): Manager[] {
  const before = managers.find((other) => sameManager(other, mine));
  const entry = before && equalSets(before.fields, mine.fields) ? before : mine;
  return [...managers.filter((other) => other !== before), entry];
}

/** All managers but `mine` lose the fields. */
export const takeAway = (managers: readonly Manager[], mine: Manager, fields: FieldSet): Manager[] =>
  managers.map((other) => (sameManager(other, mine) ? other : { ...other, fields: difference(other.fields, fields) }));
