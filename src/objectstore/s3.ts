import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { ObjectStoreError } from './errors.ts';
import type { ListEntry, ListOptions, ObjectStore } from './port.ts';
import { defaultRetry } from './retry.ts';
import { getObject } from './s3-body.ts';
import type { S3Context } from './s3-call.ts';
import { call } from './s3-call.ts';
import { createS3Client } from './s3-client.ts';
import type { S3Options } from './s3-options.ts';
import { describeStore } from './s3-options.ts';
import { headObject, putIfAbsent, putObject, wholeBody } from './s3-put.ts';
import { abortUploads, sdkCalls } from './s3-upload.ts';
import { uploadObject } from './upload.ts';

/** Most keys of one DeleteObjects. */
const deleteBatch = 1000;

/** A bucket of an S3 store. Disposing closes its idle connections. Importing this loads the AWS SDK: do it when needed. */
export function openS3Store(options: S3Options): ObjectStore & Disposable {
  const client = createS3Client(options);
  const context: S3Context = {
    client,
    bucket: options.bucket,
    where: describeStore(options),
    retry: { ...defaultRetry, ...(options.attempts !== undefined && { attempts: options.attempts }) },
  };
  let conditionalWrites = true;
  return {
    async put(key, content, put = {}) {
      const body = await wholeBody(content);
      if (put.ifNoneMatch && !conditionalWrites) return putIfAbsent(context, key, body, put);
      const outcome = await putObject(context, key, body, put);
      if (outcome !== 'unsupported') return outcome;
      conditionalWrites = false;
      return putIfAbsent(context, key, body, put);
    },
    get: (key, get = {}) => getObject(context, key, get),
    async head(key, { signal } = {}) {
      const found = await headObject(context, key, signal);
      return (
        found && {
          size: found.ContentLength ?? 0,
          metadata: found.Metadata ?? {},
          etag: found.ETag ?? '',
          lastModified: found.LastModified ?? new Date(0),
        }
      );
    },
    list: (prefix, list = {}) => listObjects(context, prefix, list),
    async delete(keys, { signal } = {}) {
      for (let at = 0; at < keys.length; at += deleteBatch) {
        await deleteObjects(context, keys.slice(at, at + deleteBatch), signal);
      }
    },
    upload: (key, source, upload = {}) => uploadObject(sdkCalls(context), key, source, upload),
    abortUploads: (prefix, { signal } = {}) => abortUploads(context, prefix, signal),
    [Symbol.dispose]: () => client.destroy(),
  };
}

async function* listObjects(
  context: S3Context,
  prefix: string,
  { delimiter, startAfter, signal }: ListOptions,
): AsyncGenerator<ListEntry> {
  let token: string | undefined;
  do {
    const page = await call(context, `list "${prefix}"`, signal, (send) =>
      context.client.send(
        new ListObjectsV2Command({
          Bucket: context.bucket,
          Prefix: prefix,
          ...(delimiter !== undefined && { Delimiter: delimiter }),
          ...(startAfter !== undefined && { StartAfter: startAfter }),
          ...(token !== undefined && { ContinuationToken: token }),
        }),
        send,
      ),
    );
    const objects = (page.Contents ?? []).map((object) => ({
      kind: 'object' as const,
      key: object.Key ?? '',
      size: object.Size ?? 0,
      lastModified: object.LastModified ?? new Date(0),
    }));
    const prefixes = (page.CommonPrefixes ?? []).map((common) => ({
      kind: 'prefix' as const,
      prefix: common.Prefix ?? '',
    }));
    yield* [...objects, ...prefixes].sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

const sortKey = (entry: ListEntry): Buffer => Buffer.from(entry.kind === 'object' ? entry.key : entry.prefix);

async function deleteObjects(context: S3Context, keys: string[], signal: AbortSignal | undefined): Promise<void> {
  const what = keys.length === 1 ? `delete "${keys[0]}"` : `delete ${keys.length} objects`;
  const { Errors = [] } = await call(context, what, signal, (send) =>
    context.client.send(
      new DeleteObjectsCommand({
        Bucket: context.bucket,
        Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
      }),
      send,
    ),
  );
  const [first] = Errors;
  if (!first) return;
  const kind = first.Code === 'AccessDenied' ? 'forbidden' : 'other';
  const list = Errors.map(({ Key, Code, Message }) => `"${Key}": ${Code ?? ''} ${Message ?? ''}`.trim());
  throw new ObjectStoreError(
    kind,
    `${what} in ${context.where}: ${list.slice(0, 5).join('; ')}${list.length > 5 ? '; …' : ''}`,
  );
}
