import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { processInfo } from './postmaster/process.ts';
import { eventually } from './testing.ts';

const script = path.join(import.meta.dirname, 'scripts/supervise');

/**
 * Beats as the manager does, and ends when it is left alone; starts the stand-in for postgres unless it runs; on SIGTERM stops it and is
 * done with 7. Like every process it hears no signal while it starts, which it does for as long as a file \`slow\` is there.
 */
const manager = `#!/bin/bash
cd "$HOWDAH_SUPERVISOR"
while [[ -e slow ]]; do sleep 0.02; done
trap 'kill -TERM $(<postgres.pid); while [[ -e postgres.pid ]]; do sleep 0.02; done; echo "done=7;" >control; exit 7' TERM
echo "hears=$$;" >control
if [[ ! -e postgres.pid ]]; then printf '%s\\n' "$STAND_IN" -D "$HOWDAH_SUPERVISOR/data" >postgres.argv; echo 'start;' >control; fi
while [[ -d /proc/$HOWDAH_SUPERVISOR_PID ]]; do
  IFS='. ' read -r whole rest _ </proc/uptime
  echo "until=$((10#$whole$rest + HOWDAH_WATCHDOG_SECONDS * 100));" >control
  sleep 0.1
done
`;
/** Deaf to SIGQUIT, with children in sessions of their own, as backends are; one stands still in the data directory. */
const postgres = `#!/bin/bash
trap '' QUIT
trap 'kill -9 $child $still; exit 0' TERM
mkdir -p "$2"; cd "$2"
setsid "$STAND_IN-backend" & still=$!
echo $still >"$HOWDAH_SUPERVISOR/still.pid"
setsid sleep 1000 & child=$!
echo $child >"$HOWDAH_SUPERVISOR/backend.pid"
while :; do wait; done
`;
const backend = `#!/bin/bash
exec -a 'postgres: app app [local] idle' bash -c 'trap "" HUP; while :; do kill -STOP $$; done'
`;

interface Supervised extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly directory: string;
  pid(name: 'manager' | 'postgres' | 'backend' | 'still'): Promise<number>;
}

async function supervised(watchdogSeconds: number): Promise<Supervised> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'sup-'));
  for (const [name, text] of Object.entries({ manager, postgres, 'postgres-backend': backend })) {
    await writeFile(path.join(root, name), text);
    await chmod(path.join(root, name), 0o755);
  }
  const child = spawn(script, ['instance', 'run'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOWDAH_ROOT: root,
      HOWDAH_PROGRAM: path.join(root, 'manager'),
      STAND_IN: path.join(root, 'postgres'),
      HOWDAH_WATCHDOG_SECONDS: String(watchdogSeconds),
    },
    stdio: 'ignore',
    detached: true,
  });
  const directory = path.join(root, 'controller/supervisor');
  const pid = (name: string): Promise<number> =>
    eventually(async () => Number(await readFile(path.join(directory, `${name}.pid`), 'utf8')) || undefined);
  await pid('backend');
  return {
    child,
    directory,
    pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
        await once(child, 'exit');
        for (const left of processesBelow(root)) endIfThere(left);
      }
      await eventually(async () => processesBelow(root).length === 0, 15);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** It may have ended between the look and this. */
function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes whose environment names this root. */
function processesBelow(root: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOWDAH_ROOT=${root}`);
      } catch {
        return false;
      }
    });
}

const alive = (pid: number): boolean => ![undefined, 'Z'].includes(processInfo(pid)?.state);

test('a manager that is killed is back at once, and postgres lives on', async () => {
  await using world = await supervised(30);
  const [first, server] = [await world.pid('manager'), await world.pid('postgres')];
  for (let round = 0, before = first; round < 2; round += 1) {
    process.kill(before, 'SIGKILL');
    before = await eventually(async () => {
      const now = await world.pid('manager');
      return now !== before && alive(now) && now;
    });
  }
  expect(await world.pid('postgres')).toBe(server);
  expect(alive(server)).toBe(true);
  expect(processInfo(server)?.parent).toBe(world.child.pid);
});

test('when heartbeats stop, postgres and its children are ended, and a new manager runs', async () => {
  await using world = await supervised(2);
  const [stuck, server, backend] = [
    await world.pid('manager'),
    await world.pid('postgres'),
    await world.pid('backend'),
  ];
  process.kill(stuck, 'SIGSTOP');
  await eventually(async () => !alive(server) && !alive(backend), 10);
  await eventually(async () => (await world.pid('manager')) !== stuck);
  await eventually(async () => (await world.pid('postgres')) !== server && (await world.pid('backend')) !== backend);
  expect(processInfo(server)).toBeUndefined();
});

test('F7: what a killed postmaster leaves behind is ended with it, while the manager stands still; nothing of others is', async () => {
  await using world = await supervised(1000);
  const [stuck, server, still] = [await world.pid('manager'), await world.pid('postgres'), await world.pid('still')];
  const data = path.join(world.directory, 'data');
  await eventually(async () => processInfo(still)?.state === 'T');
  using shell = spawn('/bin/sleep', ['1000'], { cwd: data, stdio: 'ignore' });
  process.kill(stuck, 'SIGSTOP');
  process.kill(server, 'SIGKILL');
  await eventually(async () => !alive(still));
  await eventually(async () => existsSync(path.join(world.directory, 'postgres.exit')));
  expect(processInfo(stuck)?.state).toBe('T');
  expect(alive(shell.pid ?? 0)).toBe(true);
  process.kill(await world.pid('backend'), 'SIGKILL');
});

test('heartbeats that come keep postgres alive beyond the time limit', async () => {
  await using world = await supervised(2);
  const server = await world.pid('postgres');
  await new Promise((resolve) => setTimeout(resolve, 5000));
  expect(alive(server)).toBe(true);
});

test('an order is obeyed once: one that is said twice starts no second postgres after the end of the first', async () => {
  await using world = await supervised(30);
  const [order, control] = [path.join(world.directory, 'postgres.argv'), path.join(world.directory, 'control')];
  const first = await world.pid('postgres');
  await eventually(async () => !existsSync(order) && !existsSync(path.join(world.directory, 'postgres.order')));
  process.kill(first, 'SIGKILL');
  await eventually(async () => existsSync(path.join(world.directory, 'postgres.exit')));
  await appendFile(control, 'start;\n');
  // Whole from its first moment, as the manager writes it: the first word may be heard only now.
  await writeFile(`${order}.new`, '/bin/sleep\n1000\n');
  await rename(`${order}.new`, order);
  await appendFile(control, 'start;\n');
  // The process is noted a moment before it has become the program.
  await eventually(async () =>
    readFileSync(`/proc/${await world.pid('postgres')}/cmdline`, 'utf8').startsWith('/bin/sleep\0'),
  );
  process.kill(await world.pid('backend'), 'SIGKILL');
});

test('SIGTERM reaches the manager, whose last word is the exit code; nothing is left', async () => {
  await using world = await supervised(30);
  const pids = [await world.pid('manager'), await world.pid('postgres'), await world.pid('backend')];
  world.child.kill('SIGTERM');
  const [code] = (await once(world.child, 'exit')) as [number];
  expect(code).toBe(7);
  expect(existsSync(path.join(world.directory, 'terminating'))).toBe(true);
  expect(pids.filter(alive)).toEqual([]);
});

test('SIGTERM does not end a manager that is only starting: it is told when it hears it', async () => {
  await using world = await supervised(30);
  const at = (name: string): string => path.join(world.directory, name);
  const slow = at('slow');
  const before = await world.pid('manager');
  await writeFile(slow, '');
  process.kill(before, 'SIGKILL');
  const starting = await eventually(async () => {
    const now = await world.pid('manager');
    return now !== before && alive(now) && now;
  });
  world.child.kill('SIGTERM');
  await eventually(async () => existsSync(at('terminating')));
  // The supervisor has been around its loop since: it has taken an order (for a second server, which it does not start).
  await writeFile(at('postgres.argv'), '/bin/false\n');
  await appendFile(at('control'), 'start;\n');
  await eventually(async () => !existsSync(at('postgres.argv')));
  await rm(slow);
  const [code] = (await once(world.child, 'exit')) as [number];
  expect(code).toBe(7);
  expect(await world.pid('manager')).toBe(starting);
});

test('the last words of a manager are heard before its end is judged, however many there are', async () => {
  await using world = await supervised(30);
  const manager = await world.pid('manager');
  process.kill(world.child.pid ?? 0, 'SIGSTOP');
  process.kill(manager, 'SIGKILL');
  await appendFile(path.join(world.directory, 'control'), 'hears=1;\nhears=1;\ndone=9;\n');
  process.kill(world.child.pid ?? 0, 'SIGCONT');
  const [code] = (await once(world.child, 'exit')) as [number];
  expect(code).toBe(9);
});
