// A pod without a pod: the directories, environment and processes of one instance, on a loopback address of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createAuthority, issueCertificate, type KeyPair } from '../pki/x509.ts';
import type { FakeKube } from '../testing/fake-kube.ts';
import { freeLoopbackAddress } from '../testing/loopback.ts';
import { killFamily } from './postmaster/process.ts';
import { postgresInstallation, type Installation, type Major } from '../testing/postgres.ts';

const repository = path.dirname(path.dirname(import.meta.dirname));

/** The program as images have it, where an unprivileged user can read it. Needs `npm run build`. */
async function programFor(directory: string): Promise<void> {
  await cp(path.join(repository, 'dist/howdah'), directory, { recursive: true, mode: 2 });
}

export interface PodOptions {
  readonly kube: FakeKube;
  readonly cluster: string;
  readonly pod: string;
  readonly major?: Major;
  readonly watchdogSeconds?: number;
}

export interface TestPod extends AsyncDisposable {
  readonly root: string;
  readonly dataDirectory: string;
  readonly address: string;
  /** Runs a Job's command; resolves to its exit code. */
  job(command: 'init' | 'join' | 'restore', beforeEnd?: (child: ChildProcess) => Promise<void>): Promise<number | null>;
  start(): ChildProcess;
  /** Kills the supervisor, and no more is known of what it had started. */
  abandon(): Promise<void>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  output(): Promise<string>;
  managerPid(): Promise<number>;
  postgresPid(): Promise<number>;
  query<R extends pg.QueryResultRow>(sql: string, database?: string, password?: string): Promise<R[]>;
  readonly environment: Record<string, string>;
}

/** What the container of a pod would find in its environment. */
function podEnvironment(
  options: PodOptions,
  { root, address, bin }: { root: string; address: string; bin: string },
): Record<string, string> {
  return {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOWDAH_ROOT: root,
    HOWDAH_BIND: address,
    PGDATA: `${root}/var/lib/postgresql/data/pgdata`,
    POD_NAME: options.pod,
    NAMESPACE: 'default',
    CLUSTER_NAME: options.cluster,
    PGPORT: '5432',
    PGHOST: `${root}/controller/run`,
    TMPDIR: `${root}/controller/tmp`,
    POD_IP: address,
    POD_UID: 'uid',
    NODE_NAME: 'node',
    KUBERNETES_SERVICE_HOST: options.kube.host,
    KUBERNETES_SERVICE_PORT: String(options.kube.port),
    HOWDAH_WATCHDOG_SECONDS: String(options.watchdogSeconds ?? 30),
  };
}

/** Directories, the mounted account and the program, below `root`. */
async function furnish(root: string, kube: FakeKube, user: Installation['user']): Promise<void> {
  const owned = ['/var/lib/postgresql/data', '/var/lib/postgresql/wal', '/controller', '/run', '/dev/shm'];
  const account = `${root}/var/run/secrets/kubernetes.io/serviceaccount`;
  await mkdir(account, { recursive: true });
  for (const directory of owned) await mkdir(root + directory, { recursive: true });
  await programFor(`${root}/howdah`);
  await symlink(`${root}/howdah`, `${root}/controller/howdah`);
  await Promise.all([
    writeFile(`${account}/ca.crt`, kube.ca),
    writeFile(`${account}/token`, 'token'),
    writeFile(`${account}/namespace`, 'default'),
  ]);
  await chmod(root, 0o755);
  if (user) for (const directory of owned) await chown(root + directory, user.uid, user.gid);
}

/** As root we are not the server's user, so peer authentication is not for us: over TLS as the owner is. */
async function queryAt<R extends pg.QueryResultRow>(address: string, as: pg.ClientConfig, sql: string): Promise<R[]> {
  const client = new pg.Client({ ...ownerConnection(address), ...as });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function testPod(options: PodOptions): Promise<TestPod> {
  const installation: Installation = await postgresInstallation(options.major ?? 17);
  const { user } = installation;
  const address = await freeLoopbackAddress();
  const root = await mkdtemp(path.join(os.tmpdir(), 'hp-'));
  await furnish(root, options.kube, user);
  const logFile = path.join(root, 'output');
  const environment = podEnvironment(options, { root, address, bin: installation.bin });
  const launch = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(`${root}/controller/howdah/bin/${program}`, args, {
      env: environment,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(user ? { uid: user.uid, gid: user.gid } : {}),
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.on('close', () => log.end());
    return child;
  };
  let running: ChildProcess | undefined;
  const number = async (name: string): Promise<number> =>
    Number(await readFile(`${root}/controller/supervisor/${name}`, 'utf8'));
  const exited = async (child: ChildProcess): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  return {
    root,
    dataDirectory: environment['PGDATA'] ?? '',
    address,
    environment,
    async job(command, beforeEnd) {
      const child = launch('howdah', ['instance', command, '--log-level=debug']);
      await beforeEnd?.(child);
      const code = await exited(child);
      if (code !== 0) failed = true;
      return code;
    },
    start() {
      running = launch('supervise', ['instance', 'run', '--log-level=debug']);
      return running;
    },
    async abandon() {
      if (!running) return;
      const child = running;
      running = undefined;
      child.kill('SIGKILL');
      await exited(child);
    },
    async stop() {
      if (!running) return null;
      const child = running;
      running = undefined;
      child.kill('SIGTERM');
      return exited(child);
    },
    output: () => readFile(logFile, 'utf8').catch(() => ''),
    managerPid: () => number('manager.pid'),
    postgresPid: () => number('postgres.pid'),
    query: (sql, database = 'postgres', password = ownerPassword) => queryAt(address, { database, password }, sql),
    async [Symbol.asyncDispose]() {
      if (running && running.exitCode === null) {
        running.kill('SIGTERM');
        // A timer that is left would keep the test's process alive.
        await Promise.race([exited(running), delay(8000, undefined, { ref: false })]);
        if (running.exitCode === null) {
          const pids = await Promise.all(
            [number('postgres.pid'), number('manager.pid')].map((pid) => pid.catch(() => 0)),
          );
          // With its children, and before its parent: a process that a test has stopped would outlive it.
          for (const pid of [...pids, running.pid ?? 0]) if (pid > 1) killFamily(pid);
        }
      }
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export const ownerPassword = 'p\'ass"w\\ord';
const ownerConnection = (address: string): pg.ClientConfig => ({
  host: address,
  port: 5432,
  user: 'app',
  password: ownerPassword,
  ssl: { rejectUnauthorized: false },
  connectionTimeoutMillis: 2000,
});

const encode = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

/** The Secrets that the operator would have made. Returns the authority. */
export async function putSecrets(kube: FakeKube, cluster: string): Promise<KeyPair> {
  const now = new Date();
  const authority = await createAuthority(`${cluster}-ca`, 1, now);
  const server = await issueCertificate(authority, {
    commonName: `${cluster}-rw`,
    dnsNames: [`${cluster}-rw`],
    usages: ['server'],
    days: 1,
    now,
  });
  const client = await issueCertificate(authority, {
    commonName: 'streaming_replica',
    usages: ['client'],
    days: 1,
    now,
  });
  const secret = (name: string, values: Record<string, string>): void =>
    kube.put('secrets', {
      metadata: { name: `${cluster}-${name}`, namespace: 'default' },
      data: encode(values),
    } as object);
  const trust = { 'ca.crt': authority.certificate };
  secret('server', { ...trust, 'tls.crt': server.certificate, 'tls.key': server.key });
  secret('replication', { ...trust, 'tls.crt': client.certificate, 'tls.key': client.key });
  secret('app', { username: 'app', password: ownerPassword });
  return authority;
}

let failed = false;

/** What the pods said, where it is asked for, or a Job failed or a wait was in vain: the last of it, a line each. */
export async function tellLogs(...pods: readonly TestPod[]): Promise<void> {
  if (!failed && !process.env['HOWDAH_TEST_LOG']) return;
  const short = (line: string): string => {
    const said = JSON.parse(line) as Record<'ts' | 'rule' | 'state' | 'msg', string> & { err?: { message?: string } };
    const { ts, rule, state, msg, err } = said;
    return [ts.slice(11), rule, state, msg, err?.message].filter(Boolean).join(' ');
  };
  for (const pod of pods) {
    const lines = (await pod.output()).split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    const told = process.env['HOWDAH_TEST_LOG'] ? lines : lines.map(short).slice(-70);
    process.stdout.write(`--- ${pod.environment['POD_NAME']} at ${pod.address}\n${told.join('\n')}\n`);
  }
}

/** Polls until `check` gives something; fails with the last error. */
export async function eventually<T>(check: () => Promise<T | undefined | false>, seconds = 30): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let problem: unknown = new Error('the condition did not come true');
  while (Date.now() < deadline) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      problem = error;
    }
    await delay(50);
  }
  failed = true;
  throw problem;
}
