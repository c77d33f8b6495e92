import { exec } from '../support/exec.ts';
import type { Platform } from '../support/platform.ts';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** As /proc says: Z is one that nobody has reaped. */
  readonly state: string;
  readonly mebibytes: number;
  readonly files: number;
  readonly sockets: number;
  readonly command: string;
}

/**
 * All processes that are seen from a container, without starting any; nothing from outside reaches this shell. `mine`: it belongs to the
 * container, or there are no others (HOWDAH_ROOT is empty in a container of Kubernetes).
 */
const script = `
for directory in /proc/[0-9]*; do
  pid=\${directory#/proc/}
  if [[ $pid == $$ ]]; then continue; fi
  { read -r stat <"$directory/stat"; } 2>/dev/null || continue
  rest=\${stat##*) }
  read -r state parent _ <<<"$rest"
  set -- $rest
  mine=1
  if [[ -n \${HOWDAH_ROOT:-} ]]; then
    mine=0
    { mapfile -d '' -t environment <"$directory/environ"; } 2>/dev/null || continue
    for entry in "\${environment[@]}"; do
      if [[ $entry == "HOWDAH_ROOT=$HOWDAH_ROOT" ]]; then mine=1; fi
    done
  fi
  { mapfile -d '' -t words <"$directory/cmdline"; } 2>/dev/null || continue
  command="\${words[*]}"
  files=0 sockets=0
  for file in "$directory"/fd/*; do
    if [[ -S $file ]]; then sockets=$((sockets + 1)); fi
    files=$((files + 1))
  done
  echo "$pid $parent $state \${22} $files $sockets $mine \${command//[^[:print:]]/ }"
done`;

const pageKiB = 4;

/** The processes of a pod's container and whatever they have started. */
export async function processesOf(
  platform: Platform,
  pod: Record<'namespace' | 'name' | 'container', string>,
): Promise<Process[]> {
  const { code, stdout, stderr } = await exec(platform, pod.namespace, pod.name, pod.container, ['bash', '-c', script]);
  if (code !== 0) throw new Error(`looking at the processes of ${pod.name}: ${stderr}`);
  const all = stdout.split('\n').filter(Boolean).map(parsed);
  const own = new Set(all.filter(({ mine }) => mine).map(({ process }) => process.pid));
  // PostgreSQL writes its title over its environment, so that its processes are known by who started them.
  for (let before = -1; before !== own.size;) {
    before = own.size;
    for (const { process } of all) if (own.has(process.parent)) own.add(process.pid);
  }
  return all.filter(({ process }) => own.has(process.pid)).map(({ process }) => process);
}

function parsed(line: string): { process: Process; mine: boolean } {
  const [pid, parent, state = '', pages, files, sockets, mine, ...command] = line.split(' ');
  const process = {
    pid: Number(pid),
    parent: Number(parent),
    state,
    mebibytes: (Number(pages) * pageKiB) / 1024,
    files: Number(files),
    sockets: Number(sockets),
    command: command.join(' '),
  };
  return { process, mine: mine === '1' };
}
