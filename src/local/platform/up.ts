import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { KubeApi } from '../../kube/port.ts';
import { operatorManifest } from '../../resources/operator-manifest.ts';
import { applyAll, readCrds } from './apply.ts';
import { baseObjects } from './base-objects.ts';
import {
  type LocalConfig,
  UserError,
  apiHost,
  nodeAddress,
  places,
  ports,
  readConfig,
  s3Host,
  s3Url,
} from './config.ts';
import { connect } from './connect.ts';
import { claimDirectory } from './data-dir.ts';
import { childEnvironment } from './environment.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { allListeners, findListener, ownerOf } from './listeners.ts';
import { waitForLock } from './lock.ts';
import { parseUp } from './options.ts';
import { pruneImages } from './prune.ts';
import { ensurePki } from './pki.ts';
import { type RunRecord, liveRecords, sendSignal, waitForEnd } from './processes.ts';
import { programCommand } from './program.ts';
import { apiReady, clustersReady, nodesReady, operatorReady } from './ready.ts';
import { type UpRequest, setUp } from './setup.ts';
import { endProcesses, supervisorName } from './shutdown.ts';

export const operatorImage = 'localhost/howdah:dev';

/** Refuses to start where somebody else listens, and says who. */
async function assertPortsFree(config: LocalConfig): Promise<void> {
  const wanted: [string, number][] = [
    [apiHost(config), ports.api],
    [s3Host(config), ports.s3],
    ...config.nodes.map((node): [string, number] => [nodeAddress(config, node), ports.kubelet]),
  ];
  const all = await allListeners();
  for (const [address, port] of wanted) {
    const listener = findListener(all, address, port);
    if (!listener) continue;
    const owner = (await ownerOf(listener)) ?? 'a process of another user';
    throw new UserError(`${address}:${port} is in use by ${owner}; end it and try again`);
  }
}

async function startSupervisor(config: LocalConfig, command: readonly string[], fingerprint: string): Promise<void> {
  await using output = await open(path.join(places(config).logs, `${supervisorName}.log`), 'a', 0o600);
  const [file = '', ...args] = [
    ...command,
    'local',
    supervisorName,
    '--data',
    config.dir,
    '--fingerprint',
    fingerprint,
  ];
  const child = spawn(file, args, {
    cwd: config.dir,
    env: childEnvironment(process.env),
    stdio: ['ignore', output.fd, output.fd],
    detached: true,
  });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  // It is up when it has written its record, or it has ended and its log says why.
  const started = async (): Promise<boolean> => (await liveRecords(places(config).run)).has(supervisorName);
  for (let attempt = 0; attempt < 200 && child.exitCode === null && !(await started()); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Ends what runs from an older program or configuration, or without a supervisor; containers go on. */
async function clearForStart(config: LocalConfig, supervisor: RunRecord | undefined): Promise<void> {
  if (supervisor) {
    await sendSignal(supervisor, 'SIGUSR1');
    if (!(await waitForEnd(supervisor, 5_000))) await sendSignal(supervisor, 'SIGKILL');
  }
  await endProcesses(config, false);
}

/** Equal for equal programs and configurations, in whatever order the latter was written. */
function fingerprintOf(config: LocalConfig, command: readonly string[]): string {
  const members = Object.entries(config).sort(([a], [b]) => a.localeCompare(b));
  return createHash('sha256')
    .update(JSON.stringify([members, command]))
    .digest('hex')
    .slice(0, 12);
}

async function ensureRunning(config: LocalConfig): Promise<'started' | 'running'> {
  const renewed = await ensurePki(config, new Date());
  await writeKubeconfig(config);
  const command = programCommand(config.program);
  const fingerprint = fingerprintOf(config, command);
  const live = await liveRecords(places(config).run);
  const supervisor = live.get(supervisorName);
  if (supervisor?.fingerprint === fingerprint && renewed.length === 0) return 'running';
  await clearForStart(config, supervisor);
  await assertPortsFree(config);
  await startSupervisor(config, command, fingerprint);
  return 'started';
}

/**
 * Nothing between an operator and its API server can be cut here: the next one need not wait for as long. And one that cannot renew its lease
 * is starved like everything else, while the next one comes only when it has ended: to give up and begin again would help nobody.
 */
const oneMachine = ['--leader-lease-duration=8', '--leader-renew-deadline=none'];

async function fill(config: LocalConfig, api: KubeApi, signal: AbortSignal): Promise<void> {
  await applyAll(api, baseObjects(config), signal);
  await applyAll(api, await readCrds(), signal);
  if (!config.operator) return;
  const build = path.basename(config.program);
  await applyAll(api, operatorManifest({ image: operatorImage, build, arguments: oneMachine }), signal);
}

export type Say = (text: string) => void;

/** Starts the platform, or finds that it runs; resolves when it can be used. */
export async function up(request: UpRequest & { wait: boolean }, signal: AbortSignal, say: Say): Promise<LocalConfig> {
  const dir = path.resolve(request.dir);
  await readConfig(dir);
  await claimDirectory(dir, process.getuid?.() === 0 ? 0o711 : 0o700);
  await mkdir(path.join(dir, 'run'), { recursive: true, mode: 0o700 });
  using lock = await waitForLock(path.join(dir, 'run', 'up.lock'), 120_000, signal);
  if (!lock) throw new UserError(`another "howdah local up" has been at work on ${dir} for two minutes`);
  const config = await setUp(request);
  const startedAt = performance.now();
  const step = (text: string): void =>
    say(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${text}`);
  const begun = Date.now();
  const found = await ensureRunning(config);
  if (found === 'running') step('the platform runs already');
  await using api = await connect(config, 'admin');
  await apiReady(config, api, signal);
  step('API server ready');
  await fill(config, api, signal);
  await nodesReady(config, api, found === 'running' ? 0 : begun, signal);
  step(`${config.nodes.length === 1 ? 'node' : 'nodes'} ready: ${config.nodes.join(', ')}`);
  if (config.operator) {
    await operatorReady(config, api, signal);
    step('operator available');
  }
  await pruneImages(config);
  if (request.wait) {
    await clustersReady(config, api, signal);
    step('all clusters ready');
  }
  return config;
}

const summary = (config: LocalConfig): string => `
kubeconfig      ${places(config).kubeconfig}
                export KUBECONFIG=${places(config).kubeconfig}
S3 store        ${s3Url(config)}
S3 credentials  ${places(config).s3Credentials}
`;

export async function main(args: string[]): Promise<number> {
  const request = parseUp(args);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort(signal));
  try {
    const config = await up(request, interrupted.signal, (text) => void process.stdout.write(`${text}\n`));
    process.stdout.write(summary(config));
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write(
      'howdah local up: interrupted. What was started goes on by itself: "howdah local up" waits for it, "howdah local down" ends it\n',
    );
    return 130;
  }
}
