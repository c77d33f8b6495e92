// `npm run test:s3`: the suites of object store, archive, backup, retention and recovery against versitygw, an S3 server that is
// none of ours. It is found in the environment variable VERSITYGW or on the PATH, else it is built where Go is there; without
// either nothing is tested, and that is said.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const version = 'v1.8.0';
const name = 'versitygw';

/** Those that ask our own server for what only it does (a damaged body, a clock) stay with it. */
const suites = [
  'src/objectstore/s3.test.ts',
  'src/instance/wal/archive.test.ts',
  'src/instance/wal/restore.test.ts',
  'src/instance/wal/shipper.test.ts',
  'src/instance/wal/standby-archive.test.ts',
  'src/instance/backup/needed-wal.test.ts',
  'src/instance/backup/full-instead.test.ts',
  'src/instance/backup/runner.test.ts',
  'src/instance/retention/run.test.ts',
  'src/instance/recovery/recover.test.ts',
  'src/instance/recovery/recover-targets.test.ts',
  'src/instance/recovery/incremental.test.ts',
];

/**
 * What it does in a way of its own: a key cannot be below another key on its file system, it has another code for a
 * wrong id, its clock is the machine's, and the last one measures milliseconds. */
const otherwise = [
  'a listing goes through all pages',
  'a wrong id is "forbidden"',
  'a store whose clock is another one is asked by its clock',
  'what is ready goes ahead of being asked for',
];

function find(program: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter);
  return directories.map((directory) => path.join(directory, program)).find((file) => existsSync(file));
}

/** Undefined with a word on the terminal when there is none to be had. */
function server(): string | undefined {
  const given = process.env['VERSITYGW'] ?? find(name);
  if (given !== undefined) return given;
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'howdah', version);
  const built = path.join(cache, name);
  if (existsSync(built)) return built;
  const go = find('go') ?? ['/usr/local/go/bin/go'].find((file) => existsSync(file));
  if (go === undefined) {
    process.stdout.write(`test:s3: SKIPPED: there is neither ${name} nor Go to build it with\n`);
    return undefined;
  }
  process.stdout.write(`test:s3: building ${name} ${version} (some minutes, once) …\n`);
  const install = spawnSync(go, ['install', `github.com/versity/versitygw/cmd/${name}@${version}`], {
    env: { ...process.env, GOBIN: cache },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 900_000,
  });
  if (install.status === 0) return built;
  process.stdout.write(`test:s3: SKIPPED: ${name} ${version} could not be built; the messages above say why\n`);
  return undefined;
}

const program = server();
if (program !== undefined) {
  const asked = process.argv.slice(2);
  process.stdout.write(`test:s3: with ${program}; left out: ${otherwise.join('; ')}\n`);
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      `--testNamePattern=^(?!.*(${otherwise.join('|')}))`,
      // It syncs more than ours, and takes its time.
      '--testTimeout=300000',
      ...(asked.length > 0 ? asked : suites),
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, HOWDAH_TEST_S3: program } },
  );
  child.on('exit', (code) => (process.exitCode = code ?? 1));
}
