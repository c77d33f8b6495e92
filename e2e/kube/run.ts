// `npm run e2e:kube`: images, a three-node Kubernetes on this machine, the operator by its manifest, and the same end-to-end tests
// as on the embedded engine. `-- --keep` leaves the cluster up; other arguments go to jest.
import { spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import path from 'node:path';
import { startObjectStore } from '../../src/local/objectstore/testing.ts';
import type { SharedPlatform } from '../support/shared.ts';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const data = process.env['KUBE_DATA'] ?? '/var/lib/howdah-kube';
const kubeconfig = path.join(data, 'admin.kubeconfig');
/** This machine's address on the cluster's network (README.md, "Addresses"): pods reach the object store here. */
const machine = '10.88.0.254';

/** Why this machine cannot run it, or undefined. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces';
  const paths = (process.env['PATH'] ?? '').split(':').concat('/usr/local/go/bin');
  const has = (file: string): boolean => {
    try {
      accessSync(file);
      return true;
    } catch {
      return false;
    }
  };
  if (!paths.some((dir) => has(path.join(dir, 'go')))) return 'it needs Go, to build Kubernetes';
  if (!has('/usr/bin/dpkg')) return 'it needs Debian, for its packages';
  if (!has('/sys/fs/cgroup/memory')) return 'it needs cgroup v1';
  return undefined;
}

function run(file: string, args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${path.basename(file)} ${args.join(' ')}: ${signal ?? `exit code ${code}`}`)),
    );
  });
}

async function step(what: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  process.stdout.write(`--- ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

const kubectl = (args: readonly string[], input?: string): Promise<void> =>
  run(path.join(process.env['KUBE_CACHE'] ?? `${process.env['HOME']}/.cache/howdah-kube`, 'bin/kubectl'), args, input, {
    KUBECONFIG: kubeconfig,
  });

async function manifest(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(process.execPath, ['dev/manifest.ts', '--image', 'localhost/howdah:dev'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.on('exit', (code) => (code === 0 ? resolve(text) : reject(new Error(`manifest: exit code ${code}`))));
  return promise;
}

async function main(args: string[]): Promise<number> {
  const reason = missing();
  if (reason !== undefined) {
    process.stdout.write(`e2e:kube SKIPPED: ${reason}\n`);
    return 0;
  }
  const keep = args.includes('--keep');
  await step('programs of Kubernetes', () => run(path.join(here, 'build.sh'), []));
  await step('images', () => run('bash', ['dev/image.sh']));
  await run(path.join(here, 'down.sh'), ['--purge']);
  try {
    await step('cluster', () => run(path.join(here, 'up.sh'), [], undefined, { NODES: '3' }));
    await using store = await startObjectStore({ address: machine });
    await step('operator', async () => {
      await kubectl(['apply', '--server-side', '-f', '-'], await manifest());
      await kubectl(['-n', 'cnpg-system', 'rollout', 'status', 'deployment/cnpg-controller-manager', '--timeout=60s']);
    });
    const platform: SharedPlatform = {
      engine: 'kubernetes',
      kubeconfig,
      objectStore: { endpoint: store.endpoint, accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
      image: 'localhost/postgresql:MAJOR',
    };
    await run(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--experimental-vm-modules',
        'node_modules/jest/bin/jest.js',
        '--config',
        'e2e/jest.config.mjs',
        ...args.filter((arg) => arg !== '--keep'),
      ],
      undefined,
      { HOWDAH_E2E: JSON.stringify(platform) },
    );
    return 0;
  } finally {
    if (!keep) await run(path.join(here, 'down.sh'), ['--purge']);
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`e2e:kube: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
