// Writes everything that is generated from src/api, state-machines and the imports: `npm run generate`. With --check it writes nothing, names
// each file whose content is not what would be written, and exits 1.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { kinds } from '../src/api/kinds.ts';
import kubernetes from '../src/api/generated/kubernetes.json' with { type: 'json' };
import { groupOf } from '../src/api/schema/kind.ts';
import { toCrd } from '../src/api/schema/crd.ts';
import { toReference } from '../src/api/schema/reference.ts';
import { fileName, toTypeScript } from '../src/api/schema/typescript.ts';
import { machinePage } from '../state-machines/diagram.ts';
import { machines } from '../state-machines/machines.ts';
import { licencesPage } from './licences.ts';
import { withImportGraph } from './import-graph.ts';
import { picture } from './picture.ts';
import { compatibilityDocument } from '../src/api/support/compatibility.ts';

const root = path.dirname(import.meta.dirname);

/** The content of every generated file, by its path in the repository. */
function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, content] of toTypeScript(kinds)) files.set(`src/api/generated/${name}.ts`, content);
  for (const kind of kinds) {
    const crd = toCrd(kind, kubernetes.types);
    files.set(
      `crds/${groupOf(kind)}_${kind.plural}.yaml`,
      stringify(crd, { aliasDuplicateObjects: false, lineWidth: 0 }),
    );
    files.set(`docs/reference/${fileName(kind)}.md`, toReference(kind));
  }
  files.set('docs/compatibility.md', compatibilityDocument(kinds));
  files.set('docs/demo.svg', picture(contentOf('docs/demo.txt') ?? ''));
  files.set('docs/licences.md', licencesPage());
  files.set('docs/architecture.md', withImportGraph(contentOf('docs/architecture.md') ?? ''));
  for (const machine of machines) files.set(`docs/state-machines/${machine.id}.md`, machinePage(machine));
  return files;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(path.join(root, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const check = process.argv.includes('--check');
const drifted = [...generatedFiles()].filter(([file, content]) => contentOf(file) !== content);
for (const [file, content] of drifted) {
  process.stdout.write(check ? `${file}: not what npm run generate writes\n` : `${file}\n`);
  if (check) continue;
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), content);
}
process.exitCode = check && drifted.length > 0 ? 1 : 0;
