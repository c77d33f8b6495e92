import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { isFenced } from '../fencing.ts';
import { namedRole } from './cluster/wishes.ts';
import { initdbArguments } from './init/initdb-arguments.ts';
import { localRoutes } from './endpoints/local-routes.ts';
import { respond } from './http/respond.ts';
import { parseCsvLog } from './log/csv-log.ts';
import { FileTail } from './log/file-tail.ts';
import { dueStep, type Farewell, Stopping, stopPlan } from './postmaster/stop.ts';
import { restartTurn } from './restart-turn.ts';
import type { Cluster } from '../api/generated/cluster.ts';
import type { WalHandlers } from './wal/port.ts';

const aCluster = (change: { spec?: object; status?: object; annotations?: Record<string, string> } = {}): Cluster => ({
  metadata: { name: 'c', namespace: 'n', annotations: change.annotations ?? {} },
  spec: { instances: 3, ...change.spec },
  status: change.status ?? {},
});

test('one shutdown, one deadline: each step comes at its time', () => {
  const plan = stopPlan('termination', 'primary', { instances: 1, stopDelay: 100, smartShutdownTimeout: 30 });
  expect([0, 29, 30, 94, 95, 97].map((elapsed) => dueStep(plan, elapsed))).toEqual([
    ...['smart', 'smart', 'fast', 'fast', 'immediate', 'kill'],
  ]);
  expect(dueStep(stopPlan('termination', 'standby', undefined), 0)).toBe('fast');
  expect(
    dueStep(stopPlan('termination', 'primary', { instances: 1, stopDelay: 20, smartShutdownTimeout: 180 }), 15),
  ).toBe('immediate');
  expect(dueStep(stopPlan('fencing', 'primary', { instances: 1, switchoverDelay: 40 }), 39)).toBe('fast');
  expect(dueStep(stopPlan('fencing', 'primary', { instances: 1, switchoverDelay: 40 }), 40)).toBe('immediate');
});

test('a primary serves on until somebody streams from it, for ten seconds or half of its time', () => {
  const alone = { successor: true, heir: false, grace: 30 };
  const steps = (farewell: Farewell): unknown[] =>
    [0, 9, 10, 24, 25].map((elapsed) => dueStep(stopPlan('termination', 'primary', undefined, farewell), elapsed));
  expect(steps(alone)).toEqual([undefined, undefined, 'fast', 'fast', 'immediate']);
  expect(steps({ ...alone, heir: true })).toEqual(['fast', 'fast', 'fast', 'fast', 'immediate']);
  const quick = stopPlan('termination', 'primary', undefined, { ...alone, grace: 1 });
  expect([0, 0.2, 0.25, 0.5].map((elapsed) => dueStep(quick, elapsed))).toEqual([
    ...[undefined, undefined, 'fast', 'immediate'],
  ]);
  expect(dueStep(stopPlan('termination', 'standby', undefined, alone), 0)).toBe('fast');
});

test('a shutdown that has begun is not weakened by what is learnt of the pod later, but may be hastened', async () => {
  const child = spawn('sh', ['-c', 'trap "" TERM INT QUIT; sleep 5 & wait; wait; wait'], {
    stdio: 'ignore',
    detached: true,
  });
  const pid = child.pid ?? 0;
  try {
    const stopping = new Stopping(
      stopPlan('termination', 'primary', undefined, { successor: true, heir: true, grace: undefined }),
      0,
    );
    expect(stopping.advance(pid, 0)).toBe('fast');
    stopping.replan(stopPlan('termination', 'primary', undefined, { successor: false, heir: false, grace: 60 }));
    expect(stopping.advance(pid, 0.2)).toBeUndefined();
    stopping.replan(stopPlan('termination', 'primary', undefined, { successor: true, heir: true, grace: 1 }));
    expect(stopping.advance(pid, 0.6)).toBe('immediate');
  } finally {
    process.kill(-pid, 'SIGKILL');
    await once(child, 'exit');
  }
});

test('a smart shutdown goes on as a fast one when no client is left', async () => {
  const child = spawn('sh', ['-c', 'trap "" TERM INT; sleep 5 & wait; wait'], { stdio: 'ignore', detached: true });
  const pid = child.pid ?? 0;
  try {
    const stopping = new Stopping(stopPlan('termination', 'primary', undefined), 0);
    expect(stopping.advance(pid, 0)).toBe('smart');
    expect(stopping.advance(pid, 1)).toBeUndefined();
    stopping.deserted();
    expect(stopping.advance(pid, 2)).toBe('fast');
    expect(stopping.mode).toBe('fast');
  } finally {
    process.kill(-pid, 'SIGKILL');
    await once(child, 'exit');
  }
});

test('the csv log: quotes, line ends inside a message, a record that is not whole yet', () => {
  const head = '2026-01-01 00:00:00 UTC,"u","d",1,"[local]",s,1,"SELECT",t,1/1,0,ERROR,42601,';
  const whole = `${head}"say ""hi"",\nthere",,,,,,"query",1,,"psql","client backend",,0\n`;
  const { records, rest } = parseCsvLog(`${whole}${head}"cut`);
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({
    message: 'say "hi",\nthere',
    error_severity: 'ERROR',
    backend_type: 'client backend',
  });
  expect(records[0]).not.toHaveProperty('hint');
  expect(rest).toBe(`${head}"cut`);
  expect(parseCsvLog(`inside a record",x\n${whole}`).records).toHaveLength(1);
});

test('a log is read once, over the limit, a new file and another manager', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'tail-'));
  try {
    const file = path.join(directory, 'log');
    const seen: string[] = [];
    const take = (text: string): string => {
      const parts = text.split('\n');
      const rest = parts.pop() ?? '';
      seen.push(...parts);
      return rest;
    };
    const rotated: string[] = [];
    const options = { file, take, limit: 40, rotate: async () => void rotated.push('x') };
    const first = new FileTail(options);
    await writeFile(file, 'one\ntwo\nhalf');
    await first.poll();
    await first.close();
    const second = new FileTail(options);
    await appendFile(file, ` a line ü${'.'.repeat(40)}\n`);
    await second.poll();
    expect(rotated).toEqual(['x']);
    await appendFile(`${file}.old`, 'last words\n');
    await writeFile(file, 'new file\n');
    await second.poll();
    await second.close();
    expect(seen).toEqual(['one', 'two', `half a line ü${'.'.repeat(40)}`, 'last words', 'new file']);
    await expect(stat(`${file}.old`)).rejects.toThrow('ENOENT');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("initdb gets what the Cluster says, or the user's options instead", () => {
  const place = { data: '/d', wal: '/w' };
  expect(initdbArguments({ encoding: 'LATIN1', walSegmentSize: 32, dataChecksums: true }, place)).toEqual([
    ...['--pgdata=/d', '--username=postgres', '--auth-local=peer', '--auth-host=scram-sha-256', '--waldir=/w'],
    ...['--encoding=LATIN1', '--lc-collate=C', '--lc-ctype=C', '--wal-segsize=32', '--data-checksums'],
  ]);
  expect(initdbArguments({ localeProvider: 'builtin', builtinLocale: 'C.UTF-8', locale: 'C' }, place)).toEqual(
    expect.arrayContaining(['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']),
  );
  expect(initdbArguments({ options: ['-k'], encoding: 'x' }, place)).not.toContain('--encoding=x');
});

test('who is named, and who is fenced', () => {
  expect(namedRole(aCluster({ status: { targetPrimary: 'c-1' } }), 'c-1')).toBe('self');
  expect(namedRole(aCluster({ status: { currentPrimary: 'c-1', targetPrimary: 'pending' } }), 'c-1')).toBe('other');
  expect(namedRole(aCluster({ status: { currentPrimary: 'c-1' } }), 'c-2')).toBe('other');
  expect(namedRole(aCluster(), 'c-1')).toBe('nobody');
  const fenced = (text: string): boolean =>
    isFenced(aCluster({ annotations: { 'cnpg.io/fencedInstances': text } }), 'c-1');
  expect(['["c-1"]', '["*"]', '["c-2"]', 'nonsense', '{}', ''].map(fenced)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('restarts for parameters take turns, the primary last and only when it may', () => {
  const status = { instanceNames: ['c-1', 'c-2', 'c-3'], currentPrimary: 'c-1' };
  const turn = (instance: string, role: 'primary' | 'standby', change: object = {}): number | undefined =>
    restartTurn(aCluster({ status: { ...status, ...change } }), instance, role, {
      pendingRestart: ['max_connections'],
    });
  expect([turn('c-2', 'standby'), turn('c-3', 'standby'), turn('c-1', 'primary')]).toEqual([0, 10, 30]);
  expect(turn('c-1', 'primary', { phase: 'Primary instance is being restarted in-place' })).toBe(0);
  expect(
    restartTurn(aCluster({ status, spec: { primaryUpdateStrategy: 'supervised' } }), 'c-1', 'primary', {
      pendingRestart: ['x'],
    }),
  ).toBeUndefined();
  expect(restartTurn(aCluster({ status }), 'c-1', 'primary', { pendingRestart: [] })).toBeUndefined();
});

test('archive_command and restore_command: exit codes and messages, with any file name', async () => {
  const asked: string[] = [];
  const outcomes: Record<string, Awaited<ReturnType<WalHandlers['restorer']['restore']>>> = {
    there: { outcome: 'restored' },
    absent: { outcome: 'absent' },
    later: { outcome: 'failed', message: 'store away', fatal: false },
    fatal: { outcome: 'failed', message: 'store away', fatal: true },
  };
  const handlers: WalHandlers = {
    archiver: {
      async archive(file) {
        asked.push(file);
        return file.endsWith('bad') ? { outcome: 'failed', message: 'no bucket' } : { outcome: 'archived' };
      },
    },
    restorer: { restore: async (file) => outcomes[file] ?? { outcome: 'absent' } },
  };
  const routes = localRoutes(handlers, async () => ({}));
  const server = createServer((request, response) => void respond(routes, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const request = async (...args: string[]): Promise<[number, string]> => {
    const child = spawn(path.join(import.meta.dirname, 'scripts/wal-request'), args, {
      env: { PATH: process.env['PATH'] ?? '', HOWDAH_LOCAL_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return [code, errors];
  };
  try {
    expect(await request('archive', '/pg wal/ä&b=1%')).toEqual([0, '']);
    expect(asked).toEqual(['/pg wal/ä&b=1%']);
    expect(await request('archive', '/x/bad')).toEqual([1, expect.stringContaining('no bucket')]);
    expect(await request('restore', 'there', '/x')).toEqual([0, '']);
    expect(await request('restore', 'absent', '/x')).toEqual([1, '']);
    expect(await request('restore', 'later', '/x')).toEqual([1, expect.stringContaining('store away')]);
    expect(await request('restore', 'fatal', '/x')).toEqual([126, expect.stringContaining('store away')]);
  } finally {
    server.close();
  }
});
