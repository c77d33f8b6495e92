import { receiveDocument } from './body.ts';
import { S3Error } from './errors.ts';
import type { Call, Reply } from './operation.ts';
import { noContent, readXml, requireBucket, xmlReply } from './operation.ts';
import type { XmlNode } from './xml.ts';
import { childText, childrenNamed } from './xml.ts';

const maxKeys = 1000;

/** What is not there counts as deleted. */
export async function deleteObject(call: Call): Promise<Reply> {
  const { store, request } = call;
  await store.change(() => {
    requireBucket(call);
    return { value: undefined, unused: store.objects.remove(request.bucket, request.key) };
  });
  return noContent;
}

export async function deleteObjects(call: Call): Promise<Reply> {
  const { store, request, authenticated } = call;
  requireBucket(call);
  const { text, digest } = await receiveDocument(request, authenticated);
  if (!digest.verified) throw new S3Error('InvalidRequest', 'Content-MD5 or a checksum header is missing.');
  const root = readXml(text, 'Delete');
  const entries = childrenNamed(root, 'Object');
  if (entries.length === 0 || entries.length > maxKeys) {
    throw new S3Error('MalformedXML', `A request deletes between 1 and ${maxKeys} objects.`);
  }
  const quiet = childText(root, 'Quiet')?.trim() === 'true';
  const results: XmlNode[] = [];
  await store.change(() => {
    requireBucket(call);
    const unused: string[] = [];
    for (const entry of entries) {
      const key = childText(entry, 'Key');
      if (!key) throw new S3Error('MalformedXML', 'An object of the request has no key.');
      if (![undefined, '', 'null'].includes(childText(entry, 'VersionId'))) {
        results.push([
          'Error',
          [
            ['Key', key],
            ['Code', 'NotImplemented'],
            ['Message', 'The store keeps no versions.'],
          ],
        ]);
        continue;
      }
      unused.push(...store.objects.remove(request.bucket, key));
      if (!quiet) results.push(['Deleted', [['Key', key]]]);
    }
    return { value: undefined, unused };
  });
  return xmlReply(['DeleteResult', results]);
}
