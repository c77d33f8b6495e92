import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { safePath } from './extract.ts';
import { type TarEntry, TarReader } from './tar.ts';

interface Member {
  readonly name: string;
  readonly content: Buffer;
}

async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, content } of members) archive.entry({ name }, content);
  archive.entry({ name: 'pg_tblspc/16384', type: 'symlink', linkname: '/elsewhere' });
  archive.entry({ name: 'empty/', type: 'directory' });
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads an archive in chunks that end at the given places. */
function read(bytes: Buffer, cuts: readonly number[]): { entries: TarEntry[]; digests: Map<string, string> } {
  const reader = new TarReader();
  const entries: TarEntry[] = [];
  const digests = new Map<string, string>();
  let hash = createHash('sha256');
  const places = [0, ...[...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b), bytes.length];
  for (let index = 1; index < places.length; index += 1) {
    for (const event of reader.push(bytes.subarray(places[index - 1], places[index]))) {
      if (event.kind === 'entry') {
        entries.push(event.entry);
        hash = createHash('sha256');
      } else if (event.kind === 'data') hash.update(event.chunk);
      else digests.set(entries.at(-1)?.path ?? '', hash.digest('hex'));
    }
  }
  reader.finish();
  return { entries, digests };
}

const member = fc.record({
  name: fc.stringMatching(/^[a-z]{1,8}(\/[a-zäß]{1,90}){0,3}$/),
  content: fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
});

test('an archive gives the same files wherever its bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(member, { maxLength: 5, selector: ({ name }) => name }),
      fc.array(fc.nat(), { maxLength: 40 }),
      async (members, cuts) => {
        const { entries, digests } = read(await tarOf(members), cuts);
        expect(entries.map(({ path }) => path)).toEqual([
          ...members.map(({ name }) => name),
          'pg_tblspc/16384',
          'empty/',
        ]);
        expect(entries.at(-2)).toMatchObject({ type: 'symlink', link: '/elsewhere', size: 0 });
        for (const { name, content } of members) {
          expect(digests.get(name)).toBe(createHash('sha256').update(content).digest('hex'));
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('an archive that is cut short or damaged is an error', async () => {
  const bytes = await tarOf([{ name: 'a', content: Buffer.alloc(5000, 1) }]);
  expect(() => read(bytes.subarray(0, 3000), [])).toThrow('middle of a file');
  expect(() => read(bytes.subarray(0, 300), [])).toThrow('middle of a file');
  bytes[3] = 65;
  expect(() => read(bytes, [])).toThrow('damaged header');
});

test.each(['../x', 'a/../../x', '/etc/passwd', './../x', 'a\0b'])('the path "%s" is refused', (name) => {
  expect(() => safePath(name)).toThrow('unsafe path');
});
test.each([
  ['./base/1/2', 'base/1/2'],
  ['global/', 'global'],
  ['.', '.'],
  ['a/./b', 'a/b'],
])('the path "%s" is %s', (name, expected) => {
  expect(safePath(name)).toBe(expected);
});
