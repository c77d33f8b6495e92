import { expect, test } from '@jest/globals';
import { type Model, explore, follow } from './explore.ts';
import { Seen, hash } from './seen.ts';

/** A counter from 0 to 9 that may go up by one, or by two from an even number; from 7 on it cannot come back. */
const counter: Model<number> = {
  initial: 0,
  *steps(at) {
    if (at < 9) yield ['one', at + 1];
    if (at % 2 === 0 && at < 8) yield ['two', at + 2];
    if (at < 7) yield ['back', 0];
    if (at === 9) yield ['fault', 0];
  },
  violated: () => undefined,
  key: String,
};

test('everything is seen, once', () => {
  expect(explore(counter)).toEqual({ states: 10, depth: 5, complete: true });
});

test('a violation comes with a shortest way to it', () => {
  const found = explore({ ...counter, violated: (at) => (at === 5 ? 'five' : undefined) });
  expect(found.violation).toEqual({ invariant: 'five', trace: ['two', 'two', 'one'] });
});

test('a limit ends it', () => {
  expect(explore(counter, 4)).toMatchObject({ states: 4, complete: false });
});

test('a dead end is a state from which fair steps alone lead to no goal', () => {
  const goal = (at: number): boolean => at === 0;
  const fair = (step: string): boolean => step !== 'fault';
  expect(explore({ ...counter, goal }).violation).toBeUndefined();
  expect(explore({ ...counter, goal, fair }).violation).toEqual({
    invariant: 'dead end',
    trace: ['two', 'two', 'two', 'one'],
  });
});

test('a scenario begins part-way, and only by steps that are possible', () => {
  expect(follow(counter.steps, 0, ['two', 'one', 'one'])).toBe(4);
  expect(() => follow(counter.steps, 0, ['one', 'two'])).toThrow(/"two" is not possible, but one; back/);
});

test('many keys are told apart', () => {
  const seen = new Seen();
  const numbers = Array.from({ length: 100_000 }, (_, at) => seen.enter(`state/${at}`, 0));
  expect(numbers.every((number, at) => number === at)).toBe(true);
  expect(seen.enter('state/77', 0)).toBe(77);
  expect(hash('ab')).not.toEqual(hash('ba'));
});
