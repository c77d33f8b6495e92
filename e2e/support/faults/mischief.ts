import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What a store, or the way to it, does to a request. */
export type Mischief =
  /** An error in the store's place. */
  | { readonly does: 'answers'; readonly status: number; readonly code: string; readonly retryAfter?: number }
  /** Both ways, each connection for itself. */
  | { readonly does: 'dawdles'; readonly bytesPerSecond: number }
  /** The connection is reset after so many bytes of the request's body, or of the answer's. */
  | { readonly does: 'resets-upload' | 'resets-answer'; readonly after: number }
  /** One bit of the answer is another; no checksum of the store's tells of it. */
  | { readonly does: 'flips' }
  /** The answer is a shorter one that ends in good order, as of an object that was cut. */
  | { readonly does: 'shortens' };

/** Only some of the requests. */
export interface Selection {
  readonly to?: (request: { readonly method: string; readonly url: string }) => boolean;
  /** So many of them; those after pass. */
  readonly times?: number;
}

/** What is sent in the place of a chunk that begins at `at`; with `reset` the connection ends after it. */
type Change = (chunk: Buffer, at: number) => Promise<Changed> | Changed;
interface Changed {
  readonly send: Buffer;
  readonly reset?: boolean;
}

/** For what was sent before to get there. */
const resetDelayMs = 20;

/** What a body becomes on its way. */
export function changing(change: Change, reset: () => void): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const begin = at;
      at += chunk.length;
      Promise.resolve(change(chunk, begin)).then((changed) => {
        if (changed.send.length > 0) this.push(changed.send);
        if (changed.reset === true) setTimeout(reset, resetDelayMs);
        else done();
      }, done);
    },
  });
}

export const slowly =
  (bytesPerSecond: number): Change =>
  async (chunk) => {
    await delay((1000 * chunk.length) / bytesPerSecond);
    return { send: chunk };
  };

export const resetAfter =
  (bytes: number): Change =>
  (chunk, at) =>
    at + chunk.length > bytes ? { send: chunk.subarray(0, bytes - at), reset: true } : { send: chunk };

/** The bit in the middle of a body of that length. */
export const flipped =
  (length: number): Change =>
  (chunk, at) => {
    const place = Math.floor(length / 2) - at;
    if (place < 0 || place >= chunk.length) return { send: chunk };
    const changed = Buffer.from(chunk);
    changed[place] = (changed[place] ?? 0) ^ 0x10;
    return { send: changed };
  };

export const shortened =
  (length: number): Change =>
  (chunk, at) => ({ send: chunk.subarray(0, Math.max(0, length - at)) });
