import { exec } from '../exec.ts';
import { type Fault, fault } from './fault.ts';
import type { PodName } from './processes.ts';

/** Runs a fixed script in a pod. Nothing from outside reaches this shell. */
export async function inPod({ platform, namespace, pod }: PodName, script: string): Promise<string> {
  const { code, stdout, stderr } = await exec(platform, namespace, pod, 'postgres', ['bash', '-c', script]);
  if (code !== 0) throw new Error(`${script} in ${pod}: ${stderr}`);
  return stdout;
}

/** Of the local server, one kind of process alone. */
const signalAll = (kind: 'walsender' | 'walreceiver', name: 'STOP' | 'CONT'): string => `
  top="$(cat "\${HOWDAH_ROOT:-}/controller/supervisor/postgres.pid")"
  for dir in /proc/[0-9]*; do
    grep -qs ${kind} "$dir/cmdline" || continue
    read -r stat 2>/dev/null <"$dir/stat" || continue; read -r _ parent _ <<<"\${stat##*) }"
    if [[ $parent == "$top" ]]; then kill -${name} "\${dir#/proc/}"; fi
  done; true`;

/** Nothing more arrives at a standby, or leaves a primary, by the connections that there are; everything else goes on. */
export async function stopStream(pod: PodName, end: 'walsender' | 'walreceiver'): Promise<Fault> {
  await inPod(pod, signalAll(end, 'STOP'));
  return fault(() => inPod(pod, signalAll(end, 'CONT')).catch(() => undefined));
}
