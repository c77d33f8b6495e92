import { ListObjectsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StoreIndex } from './index.ts';
import type { Listing } from './list.ts';
import { listPage } from './list.ts';
import { ObjectTable } from './objects.ts';
import { sdkClient } from './testing-client.ts';
import { startObjectStore } from './testing.ts';

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What a listing is, said simply: all entries in order, without those up to `after`, and the first `limit` of them. */
function model(keys: readonly string[], { prefix, delimiter, after }: Listing): string[] {
  const entries = keys
    .filter((key) => key.startsWith(prefix) && compare(key, after) > 0)
    .map((key) => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return at < 0 ? key : key.slice(0, at + delimiter.length);
    });
  return [...new Set(entries)].filter((entry) => entry !== after).sort(compare);
}

function tableWith(keys: readonly string[]): ObjectTable & Disposable {
  const index = new StoreIndex(':memory:');
  const table = new ObjectTable(index);
  const object = {
    etag: '',
    size: 0,
    modified: 0,
    attributes: { headers: {}, metadata: {}, tags: {} },
    checksum: { algorithm: 'crc32', type: 'FULL_OBJECT', value: '' } as const,
    blobs: [],
    multipart: false,
  };
  for (const key of keys) table.put('b', key, object);
  return Object.assign(table, { [Symbol.dispose]: () => index[Symbol.dispose]() });
}

const alphabet = fc.constantFrom('a', 'b', '/', '-', '\u00ff', '\uffee', '😀', '\u{10ffff}', ' ');
const key = fc.string({ unit: alphabet, minLength: 1, maxLength: 6 });
const part = fc.string({ unit: alphabet, maxLength: 3 });

test('pages of every size, one after the other, are the listing of the model', () => {
  const listing = fc.record({
    prefix: part,
    delimiter: fc.oneof(fc.constant('/'), fc.constant(''), part),
    after: part,
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 30 }),
      listing,
      fc.integer({ min: 1, max: 7 }),
      (keys, wish, limit) => {
        using table = tableWith(keys);
        const found: string[] = [];
        for (let after: string | undefined = wish.after; after !== undefined;) {
          const page = listPage({ objects: table }, 'b', { ...wish, after, limit });
          const entries = [...page.objects.map((object) => object.key), ...page.prefixes].sort(compare);
          expect(entries.length).toBeLessThanOrEqual(limit);
          expect(page.next === undefined || entries.length === limit).toBe(true);
          if (page.next !== undefined) expect(page.next).toBe(entries.at(-1));
          found.push(...entries);
          after = page.next;
        }
        expect(found).toEqual(model(keys, { ...wish, limit }));
      },
    ),
    { numRuns: 300 },
  );
});

test('more objects than a query of the index gives are listed', () => {
  const keys = Array.from({ length: 2500 }, (_, index) => `k${String(index).padStart(5, '0')}`);
  using table = tableWith(keys);
  const all = [...table.from('b', Buffer.alloc(0))].map((object) => object.key);
  expect(all).toEqual(keys);
});

test('through the SDK: both versions of the listing, pages, url encoding', async () => {
  await using store = await startObjectStore({ buckets: ['data'] });
  using client = Object.assign(sdkClient(store), {
    [Symbol.dispose](this: { destroy(): void }) {
      this.destroy();
    },
  });
  const keys = ['a/1', 'a/2', 'b', 'c d/ä', 'e\u0001f', 'z'];
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket: 'data', Key, Body: Key }));
  const found: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: 'data', MaxKeys: 2, ...(ContinuationToken && { ContinuationToken }) }),
    );
    expect(page.KeyCount).toBeLessThanOrEqual(2);
    found.push(...(page.Contents ?? []).map((object) => object.Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(found).toEqual(keys);
  const v1 = await client.send(new ListObjectsCommand({ Bucket: 'data', Delimiter: '/', Marker: 'a/', MaxKeys: 2 }));
  expect(v1.Contents?.map((object) => object.Key)).toEqual(['b']);
  expect(v1.CommonPrefixes).toEqual([{ Prefix: 'c d/' }]);
  expect(v1).toMatchObject({ IsTruncated: true, NextMarker: 'c d/' });
  const encoded = await client.send(new ListObjectsV2Command({ Bucket: 'data', EncodingType: 'url', StartAfter: 'b' }));
  expect(encoded.Contents?.map((object) => object.Key)).toEqual(['c%20d/%C3%A4', 'e%01f', 'z']);
  const none = await client.send(new ListObjectsV2Command({ Bucket: 'data', MaxKeys: 0 }));
  expect(none).toMatchObject({ KeyCount: 0, IsTruncated: false });
});
