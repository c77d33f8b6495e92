import { realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { loadConfig, places } from '../platform/config.ts';
import { liveRecords, sendSignal } from '../platform/processes.ts';
import { signalProcess } from './container/processes.ts';
import { findTree, killTree } from './container/tree.ts';
import { nodeDirectory } from './model/records.ts';

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

/** Every process of the node and of its pods stands still: the ids of those of its pods. */
export async function freezeNode(node: NodeName): Promise<number[]> {
  await signalNode(node, 'SIGSTOP');
  const directory = nodeDirectory(realpathSync(places(await loadConfig(node.dataDir)).node(node.name)));
  const uids = await readdir(directory.pods).catch(() => []);
  const selectors = uids.map((marker) => ({ marker, directories: [directory.pod(marker)] }));
  const pids = new Set<number>();
  // Twice: one that had not been stopped yet may have started another.
  for (const selector of [...selectors, ...selectors, { marker: 'none', directories: [directory.root] }]) {
    for (const pid of findTree(selector)) if (!pids.has(pid) && signalProcess(pid, 'SIGSTOP')) pids.add(pid);
  }
  return [...pids];
}

export async function thawNode(node: NodeName, frozen: readonly number[]): Promise<void> {
  for (const pid of frozen) signalProcess(pid, 'SIGCONT');
  await signalNode(node, 'SIGCONT');
}

/** Power on again: the supervisor replaces the frozen process by a new one, which finds its containers gone and starts them anew. */
export async function powerOn(node: NodeName): Promise<void> {
  await signalNode(node, 'SIGKILL');
}
