import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { build } from 'esbuild';
import { bundled } from '../../bundle.ts';

const directory = path.join(import.meta.dirname, '../../../dist/bench');

/** `<name>-child.ts` of this folder as a program. */
export const childProgram = (name: string): string => path.join(directory, `${name}.mjs`);

/** Bundled, as the program is shipped. */
export async function buildChild(name: string): Promise<void> {
  const entryPoints = { [name]: path.join(import.meta.dirname, `${name}-child.ts`) };
  await build({ ...bundled, entryPoints, outdir: directory, splitting: true });
}

/** Runs it to its end with what it is to do. */
export async function runChild(name: string, work: object): Promise<void> {
  const child = fork(childProgram(name), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  child.send(work);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the ${name} ended with ${code}`);
}
