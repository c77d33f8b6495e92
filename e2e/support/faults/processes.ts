import { exec } from '../exec.ts';
import type { Platform } from '../platform.ts';
import { type Fault, fault } from './fault.ts';

export interface PodName {
  readonly platform: Platform;
  readonly namespace: string;
  readonly pod: string;
}

/** The supervisor notes both; HOWDAH_ROOT is empty in a container. Nothing from outside reaches this shell. */
export type Program = 'manager' | 'postgres';

async function run({ platform, namespace, pod }: PodName, script: string): Promise<void> {
  const { code, stderr } = await exec(platform, namespace, pod, 'postgres', ['bash', '-c', script]);
  if (code !== 0) throw new Error(`${script} in ${pod}: ${stderr}`);
}

const pidOf = (program: Program): string => `"$(cat "\${HOWDAH_ROOT:-}/controller/supervisor/${program}.pid")"`;

type SignalName = 'KILL' | 'STOP' | 'CONT' | 'QUIT';

/** Sends a signal to the manager or the postmaster of a pod, at once or, by a process that stays behind there, later. */
export function signal(pod: PodName, program: Program, name: SignalName, { afterSeconds = 0 } = {}): Promise<void> {
  const kill = `kill -${name} ${pidOf(program)}`;
  return run(pod, afterSeconds > 0 ? `(sleep ${afterSeconds}; ${kill}) </dev/null >/dev/null 2>&1 &` : kill);
}

/** The same to its children, too: of a postmaster, all backends, walsenders and the checkpointer. The parent first: it starts no more. */
const signalFamily = (pod: PodName, program: Program, name: SignalName): Promise<void> =>
  run(
    pod,
    `top=${pidOf(program)}; kill -${name} "$top"; for stat in /proc/[0-9]*/stat; do
       read -r pid rest 2>/dev/null <"$stat" || continue; read -r _ parent _ <<<"\${rest##*) }"
       if [[ $parent == "$top" ]]; then kill -${name} "$pid"; fi; done; true`,
  );

/** SIGSTOP until it is repaired; what was killed meanwhile, by the watchdog for one, is not missed. */
export async function freeze(pod: PodName, program: Program, { withChildren = false } = {}): Promise<Fault> {
  const send = withChildren ? signalFamily : signal;
  await send(pod, program, 'STOP');
  return fault(() => send(pod, program, 'CONT').catch(() => undefined));
}
