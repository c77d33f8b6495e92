import type { BuildOptions } from 'esbuild';

/** How the program becomes a bundle. */
export const bundled = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Node 24 has it. What esbuild makes of it keeps the error of one turn of a loop, and throws it in each turn after that.
  supported: { using: true },
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
} satisfies BuildOptions;
