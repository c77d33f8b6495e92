import { checkTags } from './attributes.ts';
import { receiveDocument } from './body.ts';
import type { StoredObject } from './objects.ts';
import type { Call, Reply } from './operation.ts';
import { noContent, noSuchKey, readXml, requireBucket, xmlReply } from './operation.ts';
import { childText, childrenNamed } from './xml.ts';

function requireObject(call: Call): StoredObject {
  requireBucket(call);
  const object = call.store.objects.get(call.request.bucket, call.request.key);
  if (!object) throw noSuchKey();
  return object;
}

export function getTagging(call: Call): Reply {
  const tags = Object.entries(requireObject(call).attributes.tags);
  const set = tags.map(([name, value]) => ['Tag', [['Key', name] as const, ['Value', value] as const]] as const);
  return xmlReply(['Tagging', [['TagSet', set]]]);
}

export async function putTagging(call: Call): Promise<Reply> {
  const { text } = await receiveDocument(call.request, call.authenticated);
  const [set] = childrenNamed(readXml(text, 'Tagging'), 'TagSet');
  const entries = set ? childrenNamed(set, 'Tag') : [];
  const tags = checkTags(entries.map((tag) => [childText(tag, 'Key') ?? '', childText(tag, 'Value') ?? '']));
  await replaceTags(call, tags);
  return { status: 200 };
}

export async function deleteTagging(call: Call): Promise<Reply> {
  await replaceTags(call, {});
  return noContent;
}

async function replaceTags(call: Call, tags: Record<string, string>): Promise<void> {
  const { store, request } = call;
  await store.change(() => {
    const object = requireObject(call);
    const changed = { ...object, attributes: { ...object.attributes, tags } };
    return { value: undefined, unused: store.objects.put(request.bucket, request.key, changed) };
  });
}
