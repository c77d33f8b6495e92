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
  /** The first line of its arguments, with nothing between them. */
  readonly command: string;
}

/**
 * All processes that are seen from a container; nothing from outside reaches this shell, which is busybox's in the operator's image.
 * `mine`: it belongs to the container, or there are no others (HOWDAH_ROOT is empty in a container of Kubernetes).
 */
const script = `
for directory in /proc/[0-9]*; do
  pid=\${directory#/proc/}
  if [ "$pid" = $$ ]; then continue; fi
  { read -r stat <"$directory/stat"; } 2>/dev/null || continue
  set -- \${stat##*) }
  state=$1 parent=$2 pages=\${22}
  mine=1
  if [ -n "\${HOWDAH_ROOT:-}" ] && ! grep -qzxF "HOWDAH_ROOT=$HOWDAH_ROOT" "$directory/environ" 2>/dev/null; then mine=0; fi
  files=0 sockets=0
  for file in "$directory"/fd/*; do
    if [ -S "$file" ]; then sockets=$((sockets + 1)); fi
    files=$((files + 1))
  done
  command=
  { read -r command <"$directory/cmdline"; } 2>/dev/null
  echo "$pid $parent $state $pages $files $sockets $mine $command"
done`;

const pageKiB = 4;

/** The processes of a pod's container and whatever they have started. */
export async function processesOf(
  platform: Platform,
  pod: Record<'namespace' | 'name' | 'container', string>,
): Promise<Process[]> {
  const { code, stdout, stderr } = await exec(platform, pod.namespace, pod.name, pod.container, ['sh', '-c', script]);
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
