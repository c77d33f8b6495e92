import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type TestObjectStore, startObjectStore } from '../../local/objectstore/testing.ts';
import { RenewedCredentials } from '../../objectstore/credentials.ts';
import { openLightStore } from '../../objectstore/light.ts';
import { roleCredentials } from './child.ts';

const program = path.join(import.meta.dirname, '../../bin/howdah.ts');
const command = {
  file: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', program, 'instance', 'credentials-worker', '--log-level=error'],
};
let store: TestObjectStore;
let directory: string;
const servers: Server[] = [];

beforeAll(async () => {
  store = await startObjectStore({ buckets: ['data'] });
  directory = await mkdtemp(path.join(os.tmpdir(), 'hwi-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** An HTTP server that answers as told; resolves to its address. */
async function serve(answer: (request: IncomingMessage, body: string) => string): Promise<string> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => response.end(answer(request, body)));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open = (source: ReturnType<typeof roleCredentials>) =>
  openLightStore({ bucket: 'data', endpoint: store.endpoint, attempts: 1 }, source);

test('web identity: the token of the service account is exchanged for keys by a process that ends, again before they expire', async () => {
  const asked: URLSearchParams[] = [];
  const sts = await serve((_, body) => {
    asked.push(new URLSearchParams(body));
    const expiration = new Date(Date.now() + (asked.length === 1 ? 4_000 : 3_600_000)).toISOString();
    return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
      <Credentials><AccessKeyId>${store.accessKeyId}</AccessKeyId><SecretAccessKey>${store.secretAccessKey}</SecretAccessKey>
      <SessionToken>token-${asked.length}</SessionToken><Expiration>${expiration}</Expiration></Credentials>
      </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
  });
  const tokenFile = path.join(directory, 'token');
  await writeFile(tokenFile, 'of-the-service-account');
  const env = {
    AWS_ENDPOINT_URL_STS: sts,
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/backup',
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const source = roleCredentials({ ...command, env: { ...process.env, ...env } }, 'eu-central-1');
  using archive = open(source);
  expect(await archive.put('a', Buffer.from('A'))).toBe('created');
  expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: 'arn:aws:iam::123456789012:role/backup',
    WebIdentityToken: 'of-the-service-account',
  });
  // The first ones end after four seconds; meanwhile nobody waits, and nobody sees them end.
  for (let token = 'token-1'; token !== 'token-2'; token = (await source.get()).sessionToken ?? '')
    expect((await archive.head('a'))?.size).toBe(1);
  expect(asked).toHaveLength(2);
});

test('instance metadata', async () => {
  const imds = await serve((request) => {
    if (request.url === '/latest/api/token') return request.method === 'PUT' ? 'session' : '';
    if (request.headers['x-aws-ec2-metadata-token'] !== 'session') return '';
    if (request.url === '/latest/meta-data/iam/security-credentials/') return 'node-role';
    return JSON.stringify({
      Code: 'Success',
      AccessKeyId: store.accessKeyId,
      SecretAccessKey: store.secretAccessKey,
      Token: 'of-the-instance',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    });
  });
  const env = { ...process.env, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds };
  const source = roleCredentials({ ...command, env }, undefined);
  using archive = open(source);
  expect(await archive.put('b', Buffer.from('B'))).toBe('created');
  expect((await source.get()).sessionToken).toBe('of-the-instance');
});

test('a pod without a role is told so, and that there is no way to the store', async () => {
  const env = { ...process.env, AWS_EC2_METADATA_DISABLED: 'true' };
  using archive = open(roleCredentials({ ...command, env }, undefined));
  await expect(archive.put('c', Buffer.from('C'))).rejects.toMatchObject({
    kind: 'forbidden',
    message: expect.stringContaining('Could not load credentials'),
  });
});

test('new ones are ready before the old ones end; a failure matters only then; what the store calls over is not used again', async () => {
  const keys = (number: number, end: number) => ({
    ...{ accessKeyId: `key-${number}`, secretAccessKey: '', expiration: new Date(end) },
  });
  let now = 0;
  let loads = 0;
  let fails = false;
  const source = new RenewedCredentials(
    () => (fails ? Promise.reject(new Error('no answer')) : Promise.resolve(keys((loads += 1), now + 3_600_000))),
    () => now,
  );
  const key = async () => (await source.get()).accessKeyId;
  expect(await Promise.all([key(), key()])).toEqual(['key-1', 'key-1']);
  now = 3_300_000 - 1;
  expect(await key()).toBe('key-1');
  expect(loads).toBe(1);
  fails = true;
  now = 3_300_000;
  expect(await key()).toBe('key-1');
  fails = false;
  // Not asked again at once.
  expect([await key(), loads]).toEqual(['key-1', 1]);
  now += 10_000;
  expect(await key()).toBe('key-1');
  expect(await key()).toBe('key-2');
  source.forget();
  expect(await key()).toBe('key-3');
  fails = true;
  now += 3_600_000;
  await expect(key()).rejects.toThrow('no answer');
});
