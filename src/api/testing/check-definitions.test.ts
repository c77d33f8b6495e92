import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { createKubeClient } from '../../kube/client.ts';
import { startApiServer, type TestServer } from '../../local/apiserver/testing/server.ts';
import { checkRule, installDefinition } from '../../../dev/check-definitions.ts';
import { ruleCases } from './rule-cases.ts';

let server: TestServer;
let kube: ReturnType<typeof createKubeClient>;

beforeAll(async () => {
  server = await startApiServer();
  kube = createKubeClient(server.adminConnection);
});

afterAll(async () => {
  await kube[Symbol.asyncDispose]();
  await server.close();
});

const folder = path.join(import.meta.dirname, '..', '..', '..', 'crds');
const definitions = readdirSync(folder).map((name) => parse(readFileSync(path.join(folder, name), 'utf8')));

test('the embedded API server takes every definition', async () => {
  expect(definitions).toHaveLength(12);
  for (const definition of definitions) expect(await installDefinition(kube, definition)).toEqual([]);
});

test.each(ruleCases.map((entry) => [entry.kind, entry.message, entry] as const))(
  '%s: %s',
  async (_kind, _message, entry) => {
    expect(await checkRule(kube, entry)).toEqual([]);
  },
);
