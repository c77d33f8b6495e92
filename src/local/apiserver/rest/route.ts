import { badRequest, methodNotAllowed, notFound, pathNotFound } from '../model/errors.ts';
import { json, type Answer } from '../http/answer.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import { encode } from '../storage/codec.ts';
import { metadataOnly, wantsMetadata } from '../table/metadata-only.ts';
import { tableOf, wantsTable } from './table.ts';
import type { Obj } from '../model/types.ts';
import { create } from './create.ts';
import { decodeObject } from './decode.ts';
import { deleteCollection, deleteOne } from './delete.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { served } from './versions.ts';
import { watch } from './watch.ts';
import { update } from './write.ts';

/** One object as the client wants to read it. */
export function answerObject(call: Call, resource: Resource, code: number, object: Obj): Answer {
  const shown = served(resource, object);
  if (wantsTable(call.accept)) {
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return json(code, JSON.stringify(tableOf(call, resource, [shown], metadata)));
  }
  return json(code, encode(wantsMetadata(call.accept) ? metadataOnly(shown) : shown));
}

function read(call: Call, resource: Resource): Obj {
  const { namespace, name } = call.info;
  const found = call.services.store.get(resource.storage, resource.namespaced ? namespace : undefined, name);
  if (!found) throw notFound(resource, name);
  return found;
}

async function replace(call: Call, resource: Resource): Promise<Obj> {
  const object = await decodeObject(call, resource);
  if (!object.metadata.name) object.metadata.name = call.info.name;
  return update(call, resource, call.info.subresource, () => structuredClone(object));
}

/** Reading and writing stored objects, and their status. */
export async function objects(call: Call, resource: Resource): Promise<Answer> {
  const { verb, subresource, name, namespace } = call.info;
  if (subresource !== '' && !(subresource === 'status' && resource.status)) throw pathNotFound();
  if (resource.namespaced && namespace === '' && !['list', 'watch'].includes(verb)) throw methodNotAllowed();
  if (!resource.namespaced && namespace !== '' && resource.plural !== 'namespaces') throw pathNotFound();
  switch (verb) {
    case 'get':
      return answerObject(call, resource, 200, read(call, resource));
    case 'list':
      return list(call, resource);
    case 'watch':
      return watch(call, resource);
    case 'create': {
      if (name) throw methodNotAllowed();
      return answerObject(call, resource, 201, await create(call, resource, await decodeObject(call, resource)));
    }
    case 'update':
      return answerObject(call, resource, 200, await replace(call, resource));
    case 'patch': {
      const { object, created } = await patch(call, resource);
      return answerObject(call, resource, created ? 201 : 200, object);
    }
    case 'delete':
      if (subresource) throw methodNotAllowed();
      return deleteOne(call, resource);
    case 'deletecollection':
      return deleteCollection(call, resource);
    default:
      throw badRequest(`unknown verb ${verb}`);
  }
}
