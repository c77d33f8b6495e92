// node:timers/promises by the simulated clock of the machine that waits.
import { theWorld } from '../stage.ts';

interface Options {
  readonly signal?: AbortSignal;
}

export function setTimeout<T>(milliseconds = 1, value?: T, { signal }: Options = {}): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = theWorld().timer(milliseconds, () => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

export const setImmediate = <T>(value?: T): Promise<T | undefined> => setTimeout(0, value);
