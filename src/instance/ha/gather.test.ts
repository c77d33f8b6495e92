import { expect, test } from '@jest/globals';
import { gather } from './gather.ts';

const silent = new Promise<string>(() => undefined);

test('who has not answered is not waited for when the rest is enough', async () => {
  const asked = [silent, Promise.resolve('a'), Promise.resolve('b')];
  expect(await gather(asked, (come) => come.length === 2)).toEqual(['a', 'b']);
});

test('all are waited for when nothing is enough', async () => {
  expect(await gather([Promise.resolve('a'), Promise.resolve('b')], () => false)).toEqual(['a', 'b']);
});

test('nobody is asked when nobody need be', async () => {
  expect(await gather([silent], () => true)).toEqual([]);
  expect(await gather([], () => false)).toEqual([]);
});
