import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * A collector of what was allocated and dropped lately, in a millisecond or two. The engine runs it by how much its own heap has grown, and
 * buffers lie outside of that: a process that streams holds on to tens of MiB of dead chunks.
 */
export function createReclaim(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor'; execution: 'sync' }) => void;
  return () => collect({ type: 'minor', execution: 'sync' });
}
