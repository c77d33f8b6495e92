import { checksumHeaders, readAttributes, refuseUnsupported } from './attributes.ts';
import { receiveBlob } from './body.ts';
import { checkWriteConditions } from './conditions.ts';
import type { StoredObject } from './objects.ts';
import type { Call, Reply } from './operation.ts';
import { quoted, requireBucket } from './operation.ts';

export async function putObject(call: Call): Promise<Reply> {
  const { request, store, authenticated } = call;
  const { bucket, key } = request;
  requireBucket(call);
  refuseUnsupported(request);
  const attributes = readAttributes(request);
  checkWriteConditions(request, store.objects.get(bucket, key));
  const { blob, digest } = await receiveBlob(request, authenticated, store.blobs);
  const object: StoredObject = {
    etag: digest.etag,
    size: blob.size,
    modified: store.now(),
    attributes,
    checksum: digest.checksum,
    blobs: [blob],
    multipart: false,
  };
  await commitObject(call, object, () => checkWriteConditions(request, store.objects.get(bucket, key)));
  return { status: 200, headers: { etag: quoted(object.etag), ...checksumHeaders(object) } };
}

/** Makes an object of blobs that are new in the index; they are removed when `check` or the commit fails. */
export async function commitObject(call: Call, object: StoredObject, check: () => void): Promise<void> {
  const { request, store } = call;
  try {
    await store.change(() => {
      requireBucket(call);
      check();
      return { value: undefined, unused: store.objects.put(request.bucket, request.key, object) };
    });
  } catch (error) {
    await store.blobs.remove(object.blobs.map((blob) => blob.id));
    throw error;
  }
}
