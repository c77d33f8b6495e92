import { expect, test } from '@jest/globals';
import { Joined } from './joined.ts';

const signal = (): AbortSignal => new AbortController().signal;

/** Work that ends when it is told to. */
function held() {
  const began: string[] = [];
  const ends: ((outcome: string | Error) => void)[] = [];
  const work = (name: string) => (): Promise<string> => {
    began.push(name);
    return new Promise((resolve, reject) =>
      ends.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
    );
  };
  return { began, work, end: (outcome: string | Error) => ends.shift()?.(outcome) };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who wishes for the same joins, who wishes for something else waits and begins', async () => {
  const joined = new Joined<string>();
  const { began, work, end } = held();
  const [first, same] = [joined.run(['a', 1], signal(), work('a1')), joined.run(['a', 1], signal(), work('again'))];
  const other = joined.run(['a', 2], signal(), work('a2'));
  await turn();
  expect(began).toEqual(['a1']);
  end('one');
  expect(await Promise.all([first, same])).toEqual(['one', 'one']);
  await turn();
  expect(began).toEqual(['a1', 'a2']);
  end('two');
  expect(await other).toBe('two');
});

test('a failure is that of all who wished for the same, and of nobody else', async () => {
  const joined = new Joined<string>();
  const { work, end } = held();
  const [first, same] = [joined.run(['a'], signal(), work('a')), joined.run(['a'], signal(), work('a'))];
  const other = joined.run(['b'], signal(), work('b'));
  end(new Error('not ours'));
  await expect(first).rejects.toThrow('not ours');
  await expect(same).rejects.toThrow('not ours');
  await turn();
  end('b');
  expect(await other).toBe('b');
});

test('who began it takes it back: it is begun anew for who joined, unless that one has taken it back, too', async () => {
  const joined = new Joined<string>();
  const { began, work, end } = held();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = joined.run(['a'], one.signal, work('first'));
  const [same, gone] = [joined.run(['a'], signal(), work('same')), joined.run(['a'], two.signal, work('gone'))];
  for (const each of [one, two]) each.abort(new Error('taken back'));
  end(new Error('taken back'));
  await expect(first).rejects.toThrow('taken back');
  await expect(gone).rejects.toThrow('taken back');
  await turn();
  expect(began).toEqual(['first', 'same']);
  end('well');
  expect(await same).toBe('well');
});
