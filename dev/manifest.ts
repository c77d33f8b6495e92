// Prints what installs the operator on a Kubernetes cluster: `npm run --silent manifest -- --image NAME | kubectl apply --server-side -f -`
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Document, type YAMLMap, type YAMLSeq } from 'yaml';
import { operatorManifest, operatorRules } from '../src/resources/operator-manifest.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'localhost/howdah:dev' },
    'no-crds': { type: 'boolean', default: false },
  },
});

async function crds(): Promise<string[]> {
  const directory = path.join(path.dirname(import.meta.dirname), 'crds');
  const files = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(files.map((name) => readFile(path.join(directory, name), 'utf8')));
}

/** YAML of one object; each rule of the ClusterRole has its reason above it. */
function render(object: { kind: string }): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  if (object.kind === 'ClusterRole') {
    const rules = document.get('rules') as YAMLSeq<YAMLMap<unknown, unknown>>;
    for (const [index, rule] of operatorRules.entries()) {
      const item = rules.items[index];
      if (item) item.commentBefore = ` ${rule.reason}`;
    }
  }
  return document.toString({ lineWidth: 0 });
}

const objects = operatorManifest({ image: values.image });
const [namespace, ...rest] = objects.map(render);
const parts = [namespace ?? '', ...(values['no-crds'] ? [] : await crds()), ...rest];
process.stdout.write(parts.map((text) => `---\n${text.replace(/^---\n/, '')}`).join(''));
