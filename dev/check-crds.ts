// Holds crds/*.yaml against a running API server: `node dev/check-crds.ts https://HOST:PORT TOKEN`. Every definition must be
// accepted, established and structural, and every CEL rule must refuse its case of src/api/testing/rule-cases.ts. The objects that
// it makes in the namespace `default` it deletes again; the definitions stay.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { checkRule, installDefinition } from './check-definitions.ts';
import { ruleCases } from '../src/api/testing/rule-cases.ts';
import { createKubeClient } from '../src/kube/client.ts';

const [server, token] = process.argv.slice(2);
if (!server || !token) {
  process.stderr.write('usage: node dev/check-crds.ts SERVER TOKEN\n');
  process.exit(2);
}
// The server is one that the caller started by hand, with a certificate nobody signed.
await using kube = createKubeClient({ server, token: () => token, insecure: true });

const folder = path.join(import.meta.dirname, '..', 'crds');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const problems: string[] = [];
for (const name of files) {
  problems.push(...(await installDefinition(kube, parse(readFileSync(path.join(folder, name), 'utf8')))));
}
for (const entry of ruleCases) problems.push(...(await checkRule(kube, entry)));
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${files.length} definitions, ${ruleCases.length} rules, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
