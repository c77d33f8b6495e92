import { theWorld } from '../stage.ts';
import { type Content, FileError } from '../files.ts';

export const isSimulated = (path: unknown): path is string =>
  typeof path === 'string' && (path.startsWith('/sim/') || path.startsWith('/proc/'));

const pidIn = (path: string): number => Number(path.split('/')[2]);

/** A file's content; of /proc, as the machine that asks has it. */
export function look(path: string): Content {
  const world = theWorld();
  if (!path.startsWith('/proc/')) return world.files(path).read(path);
  const machine = world.here();
  if (path === '/proc/uptime') return `${(machine.bootTime() / 1000).toFixed(2)} 0.00\n`;
  if (path === '/proc/sys/kernel/random/boot_id') return `${machine.bootId}\n`;
  const process = machine.processes.get(pidIn(path));
  if (!process?.alive || !path.endsWith('/stat')) throw new FileError('ENOENT', path);
  return `${process.pid} (${process.name}) ${process.paused ? 'T' : 'S'} ${machine.supervisorPid} 0`;
}

export function workingDirectory(path: string): string {
  const machine = theWorld().here();
  if (machine.postgres?.process.pid !== pidIn(path)) throw new FileError('ENOENT', path);
  return machine.paths.data;
}
