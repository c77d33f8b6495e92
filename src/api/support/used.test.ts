import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { kinds } from '../kinds.ts';
import { compatibility } from './compatibility.ts';
import { isRefused } from './support.ts';

const source = path.join(import.meta.dirname, '..', '..');
/** What acts on an object; the API itself, its generated parts and the embedded platform know every name. */
const parts = ['instance', 'objectstore', 'operator', 'postgres', 'resources'];

const code = parts
  .flatMap((part) =>
    readdirSync(path.join(source, part), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(source, part, name),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');
const words = new Set(code.match(/\w+/g));

/** Read by people only. */
const forPeople = ['Cluster: spec.description'];

/** The least that can be said of a field that is acted on: its name is written somewhere. */
test('every field that is said to be honoured is named in what acts on objects', () => {
  const unnamed = compatibility(kinds).flatMap(({ kind, fields }) =>
    fields
      .filter(
        ({ path: field, support }) =>
          !isRefused(support) && !words.has(field.split('.').at(-1)?.replace('[]', '') ?? ''),
      )
      .map(({ path: field }) => `${kind}: spec.${field}`),
  );
  expect(unnamed).toEqual(forPeople);
});
