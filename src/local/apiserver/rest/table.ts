import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { builtinColumns } from './builtin-columns.ts';
import type { Column } from '../table/columns.ts';
import { nameAndAge } from '../table/cells.ts';
import { metadataOnly } from '../table/metadata-only.ts';

export const wantsTable = (accept: string): boolean =>
  accept.split(',').some((item) => /;\s*as=Table\b/.test(item) && !item.includes('v=v1beta1'));

const columnsOf = (resource: Resource): readonly Column[] =>
  resource.columns ?? builtinColumns[resource.storage] ?? nameAndAge;

/** The server-side rendering that `kubectl get` prints. */
export function tableOf(call: Call, resource: Resource, objects: readonly Obj[], metadata: Loose): Loose {
  const now = call.services.now();
  const columns = columnsOf(resource);
  const include = call.query.get('includeObject') ?? 'Metadata';
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, type, format = '', description = '', priority }) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...(include !== 'None' && { object: include === 'Object' ? object : metadataOnly(object) }),
    })),
  };
}
