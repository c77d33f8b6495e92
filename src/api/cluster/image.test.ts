import { expect, test } from '@jest/globals';
import { majorOfImage, parseImage } from './image.ts';

test.each([
  ['postgresql', { repository: 'postgresql', tag: '', digest: '' }],
  ['registry:5000/a/postgresql', { repository: 'registry:5000/a/postgresql', tag: '', digest: '' }],
  ['registry:5000/postgresql:18.1', { repository: 'registry:5000/postgresql', tag: '18.1', digest: '' }],
  ['postgresql:18@sha256:0a', { repository: 'postgresql', tag: '18', digest: 'sha256:0a' }],
])('%s', (image, expected) => {
  expect(parseImage(image)).toEqual(expected);
});

test.each([
  ['a:18.6-system-trixie', 18],
  ['a:17', 17],
  ['a:19beta1-minimal', 19],
  ['a:18rc1', 18],
  ['a:16.4_debian', 16],
  ['a:trixie-18', undefined],
  ['a:18x', undefined],
  ['a', undefined],
])('%s has PostgreSQL %p', (image, expected) => {
  expect(majorOfImage(image)).toBe(expected);
});
