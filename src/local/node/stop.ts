import { realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { loadConfig, places } from '../platform/config.ts';
import { liveRecords, sendSignal } from '../platform/processes.ts';
import { killTree } from './container/tree.ts';
import { nodeDirectory } from './pod/records.ts';

export interface NodeName {
  readonly dataDir: string;
  readonly name: string;
}

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

async function signalNode({ dataDir, name }: NodeName, signal: NodeJS.Signals): Promise<void> {
  const record = (await liveRecords(places(await loadConfig(dataDir)).run)).get(name);
  if (record) await sendSignal(record, signal);
}

/** Power off: the node's process is frozen, so that the supervisor starts no other, and its containers are killed. */
export async function powerOff(node: NodeName): Promise<boolean> {
  await signalNode(node, 'SIGSTOP');
  return killPods(places(await loadConfig(node.dataDir)).node(node.name));
}

/** Power on again: the supervisor replaces the frozen process by a new one, which finds its containers gone and starts them anew. */
export async function powerOn(node: NodeName): Promise<void> {
  await signalNode(node, 'SIGKILL');
}
