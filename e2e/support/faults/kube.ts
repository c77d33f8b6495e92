import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { shared } from '../shared.ts';

const run = promisify(execFile);
const directory = path.resolve(import.meta.dirname, '../../kube');

/** Where e2e/kube keeps its cluster. */
export const kubeData = process.env['KUBE_DATA'] ?? '/var/lib/howdah-kube';

/** The platform is the three-node Kubernetes of e2e/kube, whose nodes can be broken, on this machine. */
export const kubeIsHere = (): boolean =>
  existsSync('/run/netns/howdah-cp') && path.dirname(path.resolve(shared().kubeconfig)) === path.resolve(kubeData);

/** `e2e/kube/node.sh ARGUMENTS`; its head says what there is. */
export async function nodeScript(...args: string[]): Promise<void> {
  await run('bash', [path.join(directory, 'node.sh'), ...args], { env: { ...process.env, KUBE_DATA: kubeData } });
}

/** This machine reaches services by way of a node: of one that stays. */
export async function servicesBy(node: number): Promise<void> {
  await run('ip', ['route', 'replace', '10.96.0.0/16', 'via', `10.88.0.1${node}`]);
}
