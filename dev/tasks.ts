// What each npm script does. Runs on Node 24; `dev/run.mjs` brought it there.
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const bin = (name: string): string => path.join(root, 'node_modules', name);

/** Runs one program to its end with our terminal; resolves to its exit code. */
function run(file: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

const node = (args: readonly string[]): Promise<number> =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', ...args]);

const jest = (args: readonly string[]): Promise<number> =>
  node(['--experimental-vm-modules', bin('jest/bin/jest.js'), ...args]);

const e2e = (args: readonly string[]): Promise<number> => jest(['--config', 'e2e/jest.config.mjs', ...args]);
const faults = (args: readonly string[]): Promise<number> => jest(['--config', 'e2e/faults.config.mjs', ...args]);

async function sequence(...steps: (() => Promise<number>)[]): Promise<number> {
  for (const step of steps) {
    const code = await step();
    if (code !== 0) return code;
  }
  return 0;
}

const build = (): Promise<number> => node(['dev/build.ts']);

const tasks: Record<string, (args: string[]) => Promise<number>> = {
  build,
  // Without arguments all tests, the end-to-end ones on the embedded engine included; arguments go to jest's unit run alone.
  test: (args) =>
    sequence(
      build,
      () => jest(args),
      () => (args.length > 0 ? Promise.resolve(0) : e2e([])),
    ),
  e2e: (args) => sequence(build, () => e2e(args)),
  'e2e:faults': (args) => sequence(build, () => faults(args)),
  'test:s3': (args) => node(['dev/second-s3.ts', ...args]),
  'test:containers': () => node(['dev/containers.ts']),
  dev: (args) => node(['dev/watch.ts', ...args]),
  howdah: (args) => sequence(build, () => run('dist/howdah/bin/howdah', args)),
  demo: (args) => sequence(build, () => node(['e2e/demo/demo.ts', ...args])),
  soak: (args) => sequence(build, () => node(['e2e/soak/soak.ts', ...args])),
  bench: (args) => sequence(build, () => node(['dev/bench.ts', ...args])),
  generate: (args) => node(['dev/generate.ts', ...args]),
  compatibility: (args) => node(['dev/compatibility.ts', ...args]),
  'check:models': (args) => node(['dev/check-models.ts', ...args]),
  mutate: (args) => node(['dev/mutate.ts', ...args]),
  simulate: (args) => node(['dev/simulate.ts', ...args]),
  manifest: (args) => node(['dev/manifest.ts', ...args]),
  image: (args) => sequence(build, () => run('bash', ['dev/image.sh', ...args])),
  'e2e:kube': (args) => sequence(build, () => node(['e2e/kube/run.ts', ...args])),
  // What has not changed since the last run is not looked at again.
  typecheck: () => {
    const options = ['--incremental', '--tsBuildInfoFile', bin('.cache/howdah.tsbuildinfo')];
    return node([bin('typescript/bin/tsc'), '-p', 'tsconfig.json', ...options]);
  },
  lint: () =>
    sequence(
      () => node([bin('eslint/bin/eslint.js'), '.']),
      // Files, exports and dependencies that nothing uses.
      () => node([bin('knip/bin/knip.js')]),
      () => node([bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.']),
      () =>
        node([
          bin('dependency-cruiser/bin/dependency-cruise.mjs'),
          '--config',
          '.dependency-cruiser.cjs',
          'src',
          'state-machines',
        ]),
    ),
  format: () => node([bin('prettier/bin/prettier.cjs'), '--write', '--log-level=warn', '.']),
};

const [name = '', ...args] = process.argv.slice(2);
const task = tasks[name];
if (!task) {
  process.stderr.write(`howdah: no task "${name}"; there are ${Object.keys(tasks).join(', ')}\n`);
  process.exit(2);
}
process.exit(await task(args));
