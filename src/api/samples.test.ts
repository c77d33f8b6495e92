import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../kube/types.ts';
import { kinds } from './kinds.ts';
import { errorsOf } from './testing/errors-of.ts';
import { defaultObject, validateObject } from './validate-object.ts';

const folder = path.join(import.meta.dirname, '..', '..', 'docs', 'samples');
const ours = new Set(kinds.map(({ kind }) => kind));
const objects = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) =>
    parseAllDocuments(readFileSync(path.join(folder, name), 'utf8')).map((document) => document.toJS() as KubeObject),
  )
  .filter(({ kind }) => ours.has(kind ?? ''))
  .map((object) => [object.kind, object.metadata?.name, object] as const);

test('there are samples', () => {
  expect(objects.length).toBeGreaterThan(2);
});

test.each(objects)(
  'the sample %s %s is valid, and defaulting it twice is defaulting it once',
  (_kind, _name, object) => {
    const defaulted = defaultObject(object);
    expect(validateObject(defaulted).errors).toEqual([]);
    expect(errorsOf(validateObject(defaulted, defaulted))).toEqual([]);
    expect(defaultObject(defaulted)).toEqual(defaulted);
  },
);
