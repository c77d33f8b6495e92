import type { NodeParts } from '../run.ts';

/** A test node's parts as they pass to its process. */
export interface NodeSettings extends Omit<NodeParts, 'api' | 'images' | 'log' | 'environment'> {
  readonly server: string;
}
