import type { LightClient } from './light-call.ts';
import { readDocument } from './light-http.ts';
import { elements, textOf } from './light-xml.ts';
import type { ListEntry, ListOptions } from './port.ts';

const pageOf = (
  client: LightClient,
  what: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<string> =>
  client.call(what, signal, async (at) => readDocument(await at.once({ method: 'GET', query }, signal)));

/** Keys may hold what XML cannot: they are asked for percent-encoded. */
const decode = (text: string | undefined): string => decodeURIComponent((text ?? '').replaceAll('+', '%20'));

const sortKey = (entry: ListEntry): Buffer => Buffer.from(entry.kind === 'object' ? entry.key : entry.prefix);

function entriesOf(page: string): ListEntry[] {
  const objects = elements(page, 'Contents').map((object) => ({
    kind: 'object' as const,
    key: decode(textOf(object, 'Key')),
    size: Number(textOf(object, 'Size') ?? 0),
    lastModified: new Date(textOf(object, 'LastModified') ?? 0),
  }));
  const prefixes = elements(page, 'CommonPrefixes').map((common) => ({
    kind: 'prefix' as const,
    prefix: decode(textOf(common, 'Prefix')),
  }));
  return [...objects, ...prefixes].sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
}

export async function* listObjects(
  client: LightClient,
  prefix: string,
  { delimiter, startAfter, signal }: ListOptions,
): AsyncGenerator<ListEntry> {
  let token: string | undefined;
  do {
    const query = {
      ...{ 'list-type': '2', 'encoding-type': 'url', prefix },
      ...(delimiter !== undefined && { delimiter }),
      ...(startAfter !== undefined && { 'start-after': startAfter }),
      ...(token !== undefined && { 'continuation-token': token }),
    };
    const page = await pageOf(client, `list "${prefix}"`, query, signal);
    yield* entriesOf(page);
    token = textOf(page, 'IsTruncated') === 'true' ? textOf(page, 'NextContinuationToken') : undefined;
  } while (token !== undefined);
}

export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
}

export async function listUploads(
  client: LightClient,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  let more: Record<string, string> | undefined = {};
  while (more) {
    const page = await pageOf(client, `list uploads below "${prefix}"`, { uploads: '', prefix, ...more }, signal);
    for (const upload of elements(page, 'Upload')) {
      found.push({ key: textOf(upload, 'Key') ?? '', uploadId: textOf(upload, 'UploadId') ?? '' });
    }
    const [key, id] = [textOf(page, 'NextKeyMarker'), textOf(page, 'NextUploadIdMarker')];
    const truncated = textOf(page, 'IsTruncated') === 'true' && key !== undefined && id !== undefined;
    more = truncated ? { 'key-marker': key, 'upload-id-marker': id } : undefined;
  }
  return found;
}
