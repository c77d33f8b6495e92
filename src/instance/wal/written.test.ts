import { expect, test } from '@jest/globals';
import { Written } from './written.ts';

test('a postmaster is asked once on which timeline it writes, and only one that writes is believed', async () => {
  const seen: { postmaster: number | undefined; segment: string | undefined } = { postmaster: 7, segment: undefined };
  let asked = 0;
  const written = new Written({
    query: () => {
      asked += 1;
      return Promise.resolve(seen.segment === undefined ? [] : [{ segment: seen.segment }]);
    },
    postmaster: () => seen.postmaster,
  });
  expect(await written.timeline()).toBeUndefined();
  seen.segment = '0000000A0000000000000012';
  for (let times = 0; times < 3; times += 1) expect(await written.timeline()).toBe(10);
  expect(asked).toBe(2);

  // Another one: a standby at first, then promoted.
  seen.postmaster = 8;
  seen.segment = undefined;
  expect(await written.timeline()).toBeUndefined();
  seen.segment = '000000110000000000000013';
  expect(await written.timeline()).toBe(17);
  expect(asked).toBe(4);

  // Which one has answered is not known.
  seen.postmaster = undefined;
  for (let times = 0; times < 2; times += 1) expect(await written.timeline()).toBe(17);
  expect(asked).toBe(6);
  expect(await written.segment()).toBe(seen.segment);
});
