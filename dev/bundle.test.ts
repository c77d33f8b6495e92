import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { bundled } from './bundle.ts';

const source = `
  const turns: string[] = [];
  for (const turn of [1, 2, 3]) {
    try {
      await using held = { async [Symbol.asyncDispose]() { turns.push('closed') } };
      if (turn === 1) throw new Error('not yet');
      turns.push(typeof held);
    } catch (error) {
      turns.push((error as Error).message);
    }
  }
  export default turns;`;

test('a turn of a loop that holds something is not failed by the turn before it', async () => {
  const stdin = { contents: source, loader: 'ts' } as const;
  const { outputFiles } = await build({ ...bundled, loader: {}, banner: {}, stdin, write: false });
  const text = outputFiles[0]?.text ?? '';
  const made = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { default: string[] };
  expect(made.default).toEqual(['closed', 'not yet', 'object', 'closed', 'object', 'closed']);
});
