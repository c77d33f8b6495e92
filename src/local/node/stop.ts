import { realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { loadConfig, places } from '../platform/config.ts';
import { killTree } from './container/tree.ts';
import { nodeDirectory } from './pod/records.ts';

/**
 * What a loss of power does to a node's containers: every process of every pod is killed at once, nothing is told anybody. The node's
 * own process is not touched (stop or kill it first, or it restarts them). False when something survived.
 */
export async function killPods(nodeRoot: string): Promise<boolean> {
  const directory = nodeDirectory(realpathSync(nodeRoot));
  const uids = await readdir(directory.pods).catch(() => []);
  const killed = await Promise.all(uids.map((marker) => killTree({ marker, directories: [directory.pod(marker)] })));
  // A backend that has lost its parent is known by nothing but the volume it works in.
  const orphans = await killTree({ marker: 'none', directories: [directory.root] });
  return orphans && killed.every(Boolean);
}

/** `killPods` for a node of a data directory. */
export async function killNodePods(options: { readonly dataDir: string; readonly name: string }): Promise<boolean> {
  return killPods(places(await loadConfig(options.dataDir)).node(options.name));
}
