import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, open, stat, truncate } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalConfig, UserError, apiHost, loadConfig, places, ports } from './config.ts';
import { childEnvironment } from './environment.ts';
import { tryLock } from './lock.ts';
import { removeRecord, startTime, writeRecord } from './processes.ts';
import { failuresAfter, restartDelay } from './restart.ts';
import { type Role, roles } from './roles.ts';
import { endProcesses, supervisorName } from './shutdown.ts';

const logLimit = 20 * 1024 * 1024;
const logCheckInterval = 30_000;

const log = (text: string): boolean => process.stdout.write(`${new Date().toISOString()} ${text}\n`);

/** Keeps a log below its limit: children append, so the file may be emptied under them. */
export async function rotate(file: string, limit = logLimit): Promise<void> {
  const size = await stat(file).then(
    (it) => it.size,
    () => 0,
  );
  if (size < limit) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
}

async function startChild(config: LocalConfig, role: Role, command: readonly string[]): Promise<ChildProcess> {
  const at = places(config);
  await using output = await open(path.join(at.logs, `${role.name}.log`), 'a', 0o600);
  const [file = '', ...args] = command;
  // Sessions of their own: a signal to the supervisor's group must not end them behind its back.
  return spawn(file, [...args, ...role.args], {
    cwd: config.dir,
    env: childEnvironment(process.env),
    stdio: ['ignore', output.fd, output.fd],
    detached: true,
  });
}

const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });

/** Waits until the API server takes connections, for a while: who starts before it only backs off. */
async function apiListens(config: LocalConfig, stopping: AbortSignal): Promise<void> {
  const connects = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = net.connect({ host: apiHost(config), port: ports.api });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  for (let tries = 0; tries < 200 && !stopping.aborted && !(await connects()); tries++) await sleep(25);
}

/** Keeps one process running until `stopping` aborts. */
async function keepRunning(
  config: LocalConfig,
  role: Role,
  command: readonly string[],
  fingerprint: string,
  stopping: AbortSignal,
): Promise<void> {
  const run = places(config).run;
  let failures = 0;
  if (role.needsApi) await apiListens(config, stopping);
  while (!stopping.aborted) {
    const startedAt = performance.now();
    const child = await startChild(config, role, command);
    const end = ended(child);
    if (child.pid !== undefined) {
      const start = (await startTime(child.pid)) ?? '';
      await writeRecord(run, role.name, { pid: child.pid, start, failures, fingerprint });
    }
    const how = await end;
    if (stopping.aborted) break;
    failures = failuresAfter(failures, performance.now() - startedAt);
    const pause = restartDelay(failures);
    log(`${role.name} ended (${how}); starting it again${pause > 0 ? ` in ${pause} ms` : ''}`);
    await sleep(pause, undefined, { signal: stopping }).catch(() => undefined);
  }
  await removeRecord(run, role.name);
}

async function watchLogs(config: LocalConfig, names: readonly string[], stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    for (const name of names) {
      await rotate(path.join(places(config).logs, `${name}.log`)).catch((error: unknown) =>
        log(`log of ${name}: ${String(error)}`),
      );
    }
    await sleep(logCheckInterval, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/**
 * `howdah local supervisor --data DIR --fingerprint TEXT`: started by `up`, detached. SIGTERM stops the platform in good order;
 * SIGUSR1 ends the supervisor alone and leaves everything running, for the next one to find.
 */
export async function supervise(dir: string, fingerprint: string): Promise<number> {
  const config = await loadConfig(dir);
  const run = places(config).run;
  using lock = tryLock(path.join(run, 'supervisor.lock'));
  if (!lock) throw new UserError(`another supervisor runs for ${config.dir}`);
  const start = (await startTime(process.pid)) ?? '';
  const stopping = new AbortController();
  const asked = new Promise<'stop' | 'leave'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve('stop'));
    process.on('SIGUSR1', () => resolve('leave'));
    process.on('SIGHUP', () => log('SIGHUP is ignored'));
  });
  await writeRecord(run, supervisorName, { pid: process.pid, start, failures: 0, fingerprint });
  const all = roles(config);
  const command = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  log(`supervisor ${process.pid} starts ${all.map((role) => role.name).join(', ')}`);
  const work = all.map((role) => keepRunning(config, role, command, fingerprint, stopping.signal));
  const logs = watchLogs(config, [supervisorName, ...all.map((role) => role.name)], stopping.signal);
  for (const task of work) {
    task.catch((error: unknown) => log(`cannot start a process: ${String(error)}`));
  }
  const wish = await asked;
  stopping.abort();
  log(wish === 'stop' ? 'stopping' : 'leaving the processes to the next supervisor');
  if (wish === 'leave') process.exit(0);
  await endProcesses(config, true);
  // A process that was being started just now has its record only after the first round.
  const done = Promise.allSettled([...work, logs]).then(() => true);
  while (!(await Promise.race([done, sleep(500, false)]))) await endProcesses(config, true);
  await removeRecord(run, supervisorName);
  log('stopped');
  return 0;
}
