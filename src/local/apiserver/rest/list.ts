import { badRequest, expired } from '../model/errors.ts';
import { json, type Answer } from '../http/answer.ts';
import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import { encode } from '../storage/codec.ts';
import type { Obj } from '../model/types.ts';
import { tableOf, wantsTable } from './table.ts';
import { metadataOnly, wantsMetadata } from '../table/metadata-only.ts';
import { requestPredicate } from '../kinds/selectors.ts';
import { served } from './versions.ts';

interface Position {
  readonly revision: number;
  readonly after: string;
}

const encodePosition = (position: Position): string => Buffer.from(JSON.stringify(position)).toString('base64url');

function decodePosition(token: string): Position {
  try {
    const { revision, after } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Position;
    if (Number.isInteger(revision) && typeof after === 'string') return { revision, after };
  } catch {
    // Told below: both are the client's mistake.
  }
  throw badRequest('continue key is not valid');
}

export interface Page {
  readonly items: Obj[];
  readonly revision: number;
  readonly continue?: string;
  readonly remaining?: number;
}

/** All pages of one list show the objects of one moment; when that is too long ago the answer is 410. */
export function page(call: Call, resource: Resource): Page {
  const { services, info, query } = call;
  const token = query.get('continue');
  const exact = query.get('resourceVersionMatch') === 'Exact' ? Number(query.get('resourceVersion')) : undefined;
  const position = token ? decodePosition(token) : { revision: exact ?? services.store.committed, after: '' };
  const entries = services.store.entriesAt(
    position.revision,
    resource.storage,
    (resource.namespaced && info.namespace) || undefined,
  );
  if (!entries) throw expired('The provided continue parameter is too old to display a consistent list result.');
  const predicate = requestPredicate(query, resource, info.name);
  const rest = entries.filter(([key, object]) => key > position.after && (!predicate || predicate(object)));
  const limit = Number(query.get('limit') ?? 0);
  if (limit <= 0 || rest.length <= limit) {
    return { items: rest.map(([, object]) => object), revision: position.revision };
  }
  const shown = rest.slice(0, limit);
  return {
    items: shown.map(([, object]) => object),
    revision: position.revision,
    continue: encodePosition({ revision: position.revision, after: shown.at(-1)?.[0] ?? '' }),
    ...(!predicate && { remaining: rest.length - limit }),
  };
}

export async function list(call: Call, resource: Resource): Promise<Answer> {
  const found = page(call, resource);
  const objects = found.items.map((object) => served(resource, object));
  const metadata = {
    resourceVersion: String(found.revision),
    ...(found.continue && { continue: found.continue }),
    ...(found.remaining !== undefined && { remainingItemCount: found.remaining }),
  };
  if (wantsTable(call.accept)) return json(200, JSON.stringify(tableOf(call, resource, objects, metadata)));
  const partial = wantsMetadata(call.accept);
  const head = partial
    ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata }
    : { kind: resource.listKind, apiVersion: apiVersion(resource), metadata };
  const items = objects.map((object) => encode(partial ? metadataOnly(object) : object)).join(',');
  return json(200, `${JSON.stringify(head).slice(0, -1)},"items":[${items}]}`);
}
