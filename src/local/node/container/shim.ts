import { chmod, writeFile, rename } from 'node:fs/promises';
import { markerVariable } from './processes.ts';

/**
 * Parent of a container's main process. It outlives the node's process, reaps the main process and leaves its exit code in a file, so
 * that a node which comes back knows how a container ended. Arguments: the run's directory, the setsid program, then the command.
 *
 * The main process runs in the foreground: a shell starts background commands with SIGINT and SIGQUIT ignored, which a container
 * that is itself a shell script could never undo. What the main process leaves behind is killed here, as the end of process 1 of a
 * pid namespace does, also while the node's process is stopped or dead.
 */
export const shimScript = `#!/bin/sh
directory=$1
setsid=$2
shift 2
trap : HUP INT QUIT TERM
echo $$ >"$directory/shim"
/bin/sh -c 'echo $$ >"$0/main"; exec "$@"' "$directory" "$setsid" "$@"
code=$?
round=0
while [ $round -lt 50 ]; do
  found=
  for file in $(grep -slzxF -- "${markerVariable}=$${markerVariable}" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    pid=\${pid%/environ}
    [ "$pid" = $$ ] || { kill -9 "$pid" 2>/dev/null && found=1; }
  done
  [ -n "$found" ] || break
  round=$((round + 1))
done
echo $code >"$directory/exit.new"
mv "$directory/exit.new" "$directory/exit"
`;

/** A running shim reads its script piece by piece, so another version never overwrites the file but takes its name. */
export async function installShim(file: string): Promise<void> {
  await writeFile(`${file}.new`, shimScript);
  await chmod(`${file}.new`, 0o755);
  await rename(`${file}.new`, file);
}
