import type { LocalConfig } from './config.ts';

/** One process of the platform. */
export interface Role {
  /** Names run/NAME.pid and logs/NAME.log. */
  readonly name: string;
  readonly args: readonly string[];
  /** A node: it is stopped before everything that its pods need. */
  readonly node: boolean;
  /** Started when the API server listens. */
  readonly needsApi: boolean;
}

/** All processes, in the order of their start; they end in the reverse order. */
export function roles(config: LocalConfig): Role[] {
  const plain = (name: string, needsApi: boolean): Role => ({
    name,
    args: ['local', name, '--data', config.dir],
    node: false,
    needsApi,
  });
  const nodes = config.nodes.map((name) => ({
    name,
    args: ['local', 'node', '--data', config.dir, '--name', name],
    node: true,
    needsApi: true,
  }));
  return [plain('apiserver', false), plain('s3', false), plain('controllers', true), plain('proxy', true), ...nodes];
}
