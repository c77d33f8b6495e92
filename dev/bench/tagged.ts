// What a bench has started, whatever that has started in turn or left in the background: found by its environment, ended by its id.
import { randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const name = 'HOWDAH_BENCH';

/** For programs that are started with an environment of their own. */
export const tag: Readonly<Record<string, string>> = { [name]: process.env[name] ?? randomUUID() };

/** Whoever is started from now on, and inherits our environment, can be found. */
export const tagAll = (): void => void Object.assign(process.env, tag);

async function tagged(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (variables.split('\0').includes(`${name}=${tag[name]}`)) found.push(Number(pid));
  }
  return found;
}

/** Resolves when none is left. Nobody is asked to end: whoever waits for one of them sees that it is gone, and cleans up. */
export async function endTagged(): Promise<void> {
  for (let left = await tagged(); left.length > 0; left = await tagged()) {
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await delay(20);
  }
}
