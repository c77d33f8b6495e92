import type { IncomingMessage } from 'node:http';
import { KubeError, type StatusBody } from './errors.ts';
import type { KubeObject, WatchEvent } from './types.ts';

interface RawEvent {
  type?: string;
  object?: KubeObject & StatusBody;
}

/** One line of a watch. Throws the KubeError that an ERROR event carries. */
export function parseWatchLine<T extends KubeObject>(line: string, context: string): WatchEvent<T> | undefined {
  const raw = JSON.parse(line) as RawEvent;
  const object = raw.object;
  if (object === undefined) return undefined;
  switch (raw.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: raw.type, object: object as T };
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: object.metadata?.resourceVersion ?? '' };
    case 'ERROR':
      throw new KubeError(object.code ?? 500, object, context);
    default:
      return undefined;
  }
}

/** The lines of a long answer. Ends when the peer ends it or is silent for `idleMs`; destroys the answer in every case. */
export async function* lines(response: IncomingMessage, idleMs: number): AsyncGenerator<string, void, undefined> {
  let idle = false;
  const timer = setTimeout(() => {
    idle = true;
    response.destroy();
  }, idleMs);
  // Pieces of a line that is not whole yet: a long line must not cost a copy of itself per chunk.
  let pieces: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      timer.refresh();
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        pieces.push(chunk.subarray(start, end));
        start = end + 1;
        const line = Buffer.concat(pieces).toString('utf8').trim();
        pieces = [];
        if (line !== '') yield line;
      }
      if (start < chunk.length) pieces.push(chunk.subarray(start));
    }
  } catch (error) {
    if (!idle) throw error;
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}
