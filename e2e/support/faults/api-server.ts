import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { shared } from '../shared.ts';
import { type Fault, fault } from './fault.ts';
import { kubeData } from './kube.ts';

async function pidOf(): Promise<number> {
  const { engine, data = '' } = shared();
  if (engine === 'kubernetes') return Number(await readFile(path.join(kubeData, 'run/kube-apiserver.pid'), 'utf8'));
  return (JSON.parse(await readFile(path.join(data, 'run/apiserver.pid'), 'utf8')) as { pid: number }).pid;
}

/** Frozen: its connections stay open and say nothing, which is worse for its clients than one that is gone. */
export async function apiServerDown(): Promise<Fault> {
  const pid = await pidOf();
  process.kill(pid, 'SIGSTOP');
  return fault(async () => process.kill(pid, 'SIGCONT'));
}
