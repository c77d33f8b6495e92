import type { Kind } from '../schema/kind.ts';
import { backup } from './backup.ts';
import { cluster } from './cluster/cluster.ts';

/** Every kind of the API group. */
export const kinds: readonly Kind[] = [cluster, backup];
