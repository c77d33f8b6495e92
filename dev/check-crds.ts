// Holds crds/*.yaml against a running API server: `node dev/check-crds.ts https://HOST:PORT TOKEN`. Every definition must be
// accepted, established and structural, and every CEL rule must refuse its case of src/api/testing/rule-cases.ts. The objects that
// it makes in the namespace `default` it deletes again; the definitions stay.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { apiVersion } from '../src/naming.ts';
import { kinds } from '../src/api/kinds/kinds.ts';
import type { Kind } from '../src/api/schema/kind.ts';
import { ruleCases, type RuleCase } from '../src/api/testing/rule-cases.ts';

const [server, token] = process.argv.slice(2);
if (!server || !token) {
  process.stderr.write('usage: node dev/check-crds.ts SERVER TOKEN\n');
  process.exit(2);
}
// The server is one that the caller started by hand, with a certificate nobody signed.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message: string;
}

interface Answer {
  readonly status: number;
  /** A Status, or the object. */
  readonly body: { readonly message?: string; readonly status?: { readonly conditions?: Condition[] } };
}

async function call(method: string, url: string, body?: unknown, type = 'application/json'): Promise<Answer> {
  const response = await fetch(server + url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const problems: string[] = [];
const crdUrl = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

async function install(file: string): Promise<void> {
  const crd = parse(readFileSync(file, 'utf8'));
  const { name } = crd.metadata;
  const applied = await call(
    'PATCH',
    `${crdUrl}/${name}?fieldManager=check&force=true`,
    crd,
    'application/apply-patch+yaml',
  );
  if (applied.status >= 300) {
    problems.push(`${name}: ${applied.body.message}`);
    return;
  }
  for (let attempt = 0; attempt < 50; attempt++) {
    const { body } = await call('GET', `${crdUrl}/${name}`);
    const conditions = body.status?.conditions ?? [];
    const bad = conditions.find(({ type, status }) => type === 'NonStructuralSchema' && status === 'True');
    if (bad) problems.push(`${name}: ${bad.message}`);
    if (bad || conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    await sleep(100);
  }
  problems.push(`${name}: not established`);
}

async function check(entry: RuleCase, kind: Kind): Promise<void> {
  const url = `/apis/${apiVersion}${kind.namespaced ? '/namespaces/default' : ''}/${kind.plural}`;
  const metadata = { name: 'rule-case' };
  const what = `${entry.kind}: ${entry.message}`;
  const object = (spec: unknown): unknown => ({ apiVersion, kind: kind.kind, metadata, spec });
  if (entry.before) {
    const made = await call('POST', url, object(entry.before));
    if (made.status !== 201) problems.push(`${what}: the object before is refused: ${made.body.message}`);
  }
  const refused = entry.before
    ? await call('PATCH', `${url}/rule-case`, jsonPatch(entry.refused), 'application/json-patch+json')
    : await call('POST', url, object(entry.refused));
  if (refused.status !== 422 || !String(refused.body.message).includes(entry.message)) {
    problems.push(`${what}: HTTP ${refused.status} ${refused.body.message ?? ''}`);
  }
  if (entry.before || refused.status === 201) await call('DELETE', `${url}/rule-case`);
}

const jsonPatch = (spec: unknown): unknown => [{ op: 'replace', path: '/spec', value: spec }];

const folder = path.join(import.meta.dirname, '..', 'crds');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
for (const name of files) await install(path.join(folder, name));
await sleep(1000);
for (const entry of ruleCases) {
  const kind = kinds.find((candidate) => candidate.kind === entry.kind);
  if (!kind) throw new Error(`no kind ${entry.kind}`);
  await check(entry, kind);
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${files.length} definitions, ${ruleCases.length} rule cases, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
