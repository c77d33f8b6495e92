import { type CredentialSource, fixedCredentials } from './credentials.ts';
import { errorCode, errorKind, httpStatus } from './errors.ts';
import { attributeHeaders, drop, ignoreMissing, metaPrefix } from './light-attributes.ts';
import type { HttpAnswer } from './light-http.ts';
import type { LightClient } from './light-call.ts';
import { createLightClient } from './light-call.ts';
import { listObjects, listUploads } from './light-list.ts';
import { lightCalls } from './light-upload.ts';
import type { ObjectHead, ObjectStore, PutOptions, StreamBody } from './port.ts';
import { readObject } from './reading.ts';
import type { S3Options } from './s3-options.ts';
import { uploadObject } from './upload.ts';

const deletesAtOnce = 4;

/** Whether this client is enough; the SDK's is for AWS partitions with names of their own. */
export const isLight = (options: S3Options): boolean =>
  options.endpoint !== undefined ||
  (!options.bucket.includes('.') && !/^(cn|us-iso|us-isob|eu-isoe)-/.test(options.region ?? ''));

/**
 * A bucket of an S3 store, by a client of some hundred lines: a manager that archives WAL holds it for its whole life (ADR 5), and a
 * backup is sent without the SDK's copies and second checksum (ADR 20).
 */
export function openLightStore(
  options: S3Options,
  credentials: CredentialSource | undefined = options.credentials && fixedCredentials(options.credentials),
): ObjectStore & Disposable {
  if (!credentials) throw new Error('the light client needs credentials');
  const client = createLightClient(options, credentials);
  let conditionalWrites = true;
  const multipart = lightCalls(client, {
    put: (key, body, put) => putObject(client, key, body, put),
    head: (key, signal) => headObject(client, key, signal),
  });
  return {
    async put(key, body, put = {}) {
      if (put.ifNoneMatch && !conditionalWrites) return putIfAbsent(client, key, body, put);
      const outcome = await putObject(client, key, body, put);
      if (outcome !== 'unsupported') return outcome;
      conditionalWrites = false;
      return putIfAbsent(client, key, body, put);
    },
    get: (key, get = {}) => readObject({ ...client, ask: (asked, how) => ask(client, asked, how) }, key, get),
    head: (key, { signal } = {}) => headObject(client, key, signal),
    list: (prefix, list = {}) => listObjects(client, prefix, list),
    async delete(keys, { signal } = {}) {
      const left = [...keys];
      const worker = async (): Promise<void> => {
        for (let key = left.shift(); key !== undefined; key = left.shift()) await deleteObject(client, key, signal);
      };
      await Promise.all(Array.from({ length: deletesAtOnce }, worker));
    },
    upload: (key, source, upload = {}) => uploadObject(multipart, key, source, upload),
    async abortUploads(prefix, { signal } = {}) {
      const found = await listUploads(client, prefix, signal);
      for (const { key, uploadId } of found) await multipart.abort(key, uploadId, signal);
      return found.length;
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

async function sendPut(
  client: LightClient,
  key: string,
  body: Buffer | StreamBody,
  put: PutOptions,
): Promise<string | undefined> {
  const headers = { ...attributeHeaders(put), ...(put.ifNoneMatch && { 'if-none-match': '*' }) };
  const answer = await client.once({ method: 'PUT', key, headers, body }, put.signal);
  drop(answer);
  return answer.headers.etag;
}

/** A put; `ifNoneMatch` as the store's own conditional write. A store without it answers 'unsupported'. */
const putObject = (client: LightClient, key: string, body: Buffer | StreamBody, put: PutOptions) =>
  client.call(`put "${key}"`, put.signal, async () => {
    try {
      await sendPut(client, key, body, put);
      return 'created' as const;
    } catch (error) {
      if (put.ifNoneMatch && httpStatus(error) === 412) return 'exists' as const;
      const unsupported = httpStatus(error) === 501 || errorCode(error) === 'NotImplemented';
      if (put.ifNoneMatch && unsupported) return 'unsupported' as const;
      throw error;
    }
  });

/** The create-only put for stores without conditional writes: look, put, and look whether what is there is ours. */
async function putIfAbsent(
  client: LightClient,
  key: string,
  body: Buffer | StreamBody,
  { ifNoneMatch: _, ...put }: PutOptions,
): Promise<'created' | 'exists'> {
  if (await headObject(client, key, put.signal)) return 'exists';
  const etag = await client.call(`put "${key}"`, put.signal, () => sendPut(client, key, body, put));
  const there = await headObject(client, key, put.signal);
  return there?.etag === etag ? 'created' : 'exists';
}

const metadataOf = ({ headers }: HttpAnswer): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith(metaPrefix) && typeof value === 'string' ? [[name.slice(metaPrefix.length), value]] : [],
    ),
  );

const described = (answer: HttpAnswer) => ({
  metadata: metadataOf(answer),
  etag: answer.headers.etag ?? '',
  lastModified: new Date(answer.headers['last-modified'] ?? 0),
});

const headObject = (
  client: LightClient,
  key: string,
  signal: AbortSignal | undefined,
): Promise<ObjectHead | undefined> =>
  client.call(`look up "${key}"`, signal, async (at) => {
    try {
      const answer = await at.once({ method: 'HEAD', key }, signal);
      drop(answer);
      return { size: Number(answer.headers['content-length'] ?? 0), ...described(answer) };
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  });

/** That of a multipart object is often one of its parts' checksums, which nobody here knows. */
function wholeChecksum({ headers }: HttpAnswer): string | undefined {
  const value = headers['x-amz-checksum-crc32'];
  return typeof value === 'string' && !value.includes('-') && headers['content-encoding'] === undefined
    ? value
    : undefined;
}

async function ask(
  client: LightClient,
  key: string,
  { range, etag, signal }: { range?: string; etag?: string; signal?: AbortSignal },
) {
  const headers = {
    ...(range === undefined ? { 'x-amz-checksum-mode': 'ENABLED' } : { range }),
    ...(etag !== undefined && { 'if-match': etag }),
  };
  const answer = await client.once({ method: 'GET', key, headers }, signal);
  return {
    body: answer.body,
    length: Number(answer.headers['content-length'] ?? 0),
    contentRange: answer.headers['content-range'],
    crc32: wholeChecksum(answer),
    ...described(answer),
  };
}

const deleteObject = (client: LightClient, key: string, signal: AbortSignal | undefined): Promise<void> =>
  client.call(`delete "${key}"`, signal, (at) => at.once({ method: 'DELETE', key }, signal).then(drop, ignoreMissing));
