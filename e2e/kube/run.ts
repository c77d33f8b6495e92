// `npm run e2e:kube`: images, a three-node Kubernetes on this machine, the operator by its manifest, and the same end-to-end tests
// as on the embedded engine. With `-- --keep` the cluster stays, and one that is up is used; with `-- --faults` the long suites of
// faults run instead, with `-- --bench` the figures of dev/bench.ts, with `-- --soak MINUTES` e2e/soak; other arguments go to jest or to
// those.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { startObjectStore } from '../../src/local/objectstore/testing.ts';
import { operatorDeployment, operatorNamespace } from '../../src/naming.ts';
import type { SharedPlatform } from '../support/shared.ts';
import { run, step } from './processes.ts';
import { missing } from './requirements.ts';
import { withoutPlatform } from './suites.ts';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const data = process.env['KUBE_DATA'] ?? '/var/lib/howdah-kube';
const cache = process.env['KUBE_CACHE'] ?? `${process.env['HOME'] ?? '/root'}/.cache/howdah-kube`;
const kubeconfig = path.join(data, 'admin.kubeconfig');
/** This machine's address on the cluster's network (README.md, "Addresses"): pods reach the object store here. */
const machine = '10.88.0.254';
const image = 'localhost/howdah:dev';
const env = { KUBE_CACHE: cache, KUBE_DATA: data, NODES: '3' };

const script = (name: string, args: readonly string[] = [], signal?: AbortSignal): Promise<string> =>
  run(path.join(here, name), args, { cwd: root, env, ...(signal && { signal }) });
const kubectl = (args: readonly string[], signal?: AbortSignal, input?: string): Promise<string> =>
  run(path.join(cache, 'bin/kubectl'), args, {
    cwd: root,
    env: { KUBECONFIG: kubeconfig },
    ...(signal && { signal }),
    ...(input !== undefined && { input }),
  });

async function installOperator(signal: AbortSignal, restart: boolean): Promise<void> {
  const node = { cwd: root, signal, collect: true };
  const manifest = await run(process.execPath, ['dev/manifest.ts', '--image', image], node);
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], signal, manifest);
  const operator = ['-n', operatorNamespace, 'rollout'];
  // The name of the image stays while the program in it changes.
  if (restart) await kubectl([...operator, 'restart', `deployment/${operatorDeployment}`], signal);
  await kubectl([...operator, 'status', `deployment/${operatorDeployment}`, '--timeout=120s'], signal);
}

/** What helps to understand a failure, before the cluster is gone. */
async function tellState(): Promise<void> {
  await kubectl(['get', 'pods', '-A', '-o', 'wide']).catch(() => undefined);
  const logs = ['-n', operatorNamespace, 'logs', `deployment/${operatorDeployment}`, '--tail=60'];
  await kubectl(logs).catch(() => undefined);
}

/** What runs there, by the arguments. */
function programOf(args: readonly string[]): string[] {
  const soak = args.indexOf('--soak');
  if (soak >= 0) return ['e2e/soak/soak.ts', '--minutes', args[soak + 1] ?? '', ...args.toSpliced(soak, 2)];
  const rest = args.filter((arg) => !['--faults', '--bench'].includes(arg));
  if (args.includes('--bench')) return ['dev/bench.ts', ...rest];
  const jest = ['node_modules/jest/bin/jest.js', '--config'];
  if (!args.includes('--faults')) return [...jest, 'e2e/jest.config.mjs', ...rest];
  const elsewhere = withoutPlatform(root);
  process.stdout.write(`SKIPPED here, for npm run e2e:faults: ${elsewhere.join(', ')}: they need no platform\n`);
  // Last: this option takes all names that come after it.
  return [...jest, 'e2e/faults.config.mjs', ...rest, ...elsewhere.map((file) => `--testPathIgnorePatterns=${file}`)];
}

async function tests(args: readonly string[], signal: AbortSignal): Promise<void> {
  await using store = await startObjectStore({ address: machine });
  const platform: SharedPlatform = {
    engine: 'kubernetes',
    kubeconfig,
    objectStore: { endpoint: store.endpoint, accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    image: 'localhost/postgresql:MAJOR',
  };
  const options = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules'];
  await run(process.execPath, [...options, ...programOf(args)], {
    cwd: root,
    signal,
    env: { KUBE_CACHE: cache, HOWDAH_E2E: JSON.stringify(platform) },
  });
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const reason = missing();
  if (reason !== undefined) {
    process.stdout.write(`e2e:kube SKIPPED: ${reason}\n`);
    return 0;
  }
  const keep = args.includes('--keep');
  const reuse = keep && existsSync('/run/netns/howdah-cp');
  const remove = (): Promise<string> => script('down.sh', ['--purge']);
  await step('programs of Kubernetes', () => script('build.sh', [], signal));
  await step('images', () => run('bash', ['dev/image.sh'], { cwd: root, env, signal }));
  if (!reuse) await remove();
  try {
    if (!reuse) await step('cluster', () => script('up.sh', [], signal));
    await step('operator', () => installOperator(signal, reuse));
    await step('tests', () => tests(args.filter((arg) => arg !== '--keep'), signal));
    return 0;
  } catch (error) {
    if (!signal.aborted && !keep) await tellState();
    throw error;
  } finally {
    if (keep) process.stdout.write(`the cluster stays: export KUBECONFIG=${kubeconfig}; e2e/kube/down.sh --purge ends it\n`);
    else await step('cleaning up', remove);
  }
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error(`ended by ${name}`)));
process.exitCode = await step('e2e:kube', () => main(process.argv.slice(2), stop.signal)).catch((error: unknown) => {
  process.stderr.write(`e2e:kube: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
