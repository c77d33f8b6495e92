import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Cluster } from '../api/generated/cluster.ts';
import { temporaryPostgres } from '../testing/postgres.ts';
import { configurationHash } from './configuration-hash.ts';
import { renderHba } from './hba.ts';
import { renderIdent } from './ident.ts';
import { renderParameters, type ParameterInput } from './parameters.ts';
import { connectionString, quoteIdentifier, quoteLiteral, settingsFile } from './quote.ts';
import { matchesVerifier, scramVerifier } from './scram.ts';

const nasty = [`it's "x"`, 'back\\slash', "\\'", 'two\nlines', '$1 %s ${x}', "';DROP ROLE postgres;--", 'ünïcode', ' '];

test('values come out of a real server as they went in, by literal, identifier and file', async () => {
  await using server = await temporaryPostgres();
  for (const value of nasty) {
    const [row] = await server.query<Record<string, string>>(
      `SELECT ${quoteLiteral(value)} AS ${quoteIdentifier(value)}`,
    );
    expect(row).toEqual({ [value]: value });
  }
  const names = nasty.map((_, index) => `howdah.v${index}`);
  const settings = Object.fromEntries(names.map((name, index) => [name, nasty[index] ?? '']));
  await writeFile(path.join(server.dataDirectory, 'postgresql.conf'), settingsFile(settings));
  await server.query('SELECT pg_reload_conf()');
  for (const [index, name] of names.entries()) {
    await server.query('SELECT pg_sleep(0.01)');
    const [row] = await server.query<{ v: string }>(`SELECT current_setting('${name}', true) AS v`);
    expect(row?.v).toBe(nasty[index]);
  }
});

test('a verifier made here is one that the server accepts, and its own is recognized', async () => {
  await using server = await temporaryPostgres({ hba: ['local all postgres trust', 'local all all scram-sha-256'] });
  for (const password of [...nasty.filter((text) => !text.includes('\n')), 'long'.repeat(40)]) {
    const verifier = scramVerifier(password);
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:/);
    await server.query(
      `DROP ROLE IF EXISTS someone; CREATE ROLE someone LOGIN PASSWORD ${quoteLiteral(verifier ?? '')}`,
    );
    const { default: pg } = await import('pg');
    const client = new pg.Client({ ...server.connection(), user: 'someone', password });
    await client.connect();
    await client.end();
    await server.query(`ALTER ROLE someone PASSWORD ${quoteLiteral(password)}`);
    const [row] = await server.query<{ p: string }>("SELECT rolpassword AS p FROM pg_authid WHERE rolname = 'someone'");
    expect(matchesVerifier(password, row?.p ?? '')).toBe(true);
    expect(matchesVerifier(`${password}x`, row?.p ?? '')).toBe(false);
  }
});

test('no value can leave its quotes', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      fc.pre(!value.includes('\0'));
      expect(connectionString({ a: value })).toMatch(/^a='(?:[^'\\]|\\['\\])*'$/);
      expect(settingsFile({ a: value }).trimEnd()).toMatch(/^a = '(?:[^'\\\n\r]|''|\\[\\nr])*'$/);
      expect(quoteIdentifier(value)).toMatch(/^"(?:[^"]|"")*"$/);
    }),
  );
  expect(() => quoteLiteral('a\0b')).toThrow('zero byte');
  expect(() => settingsFile({ 'a b': '' })).toThrow('not the name of a PostgreSQL parameter');
});

const input: ParameterInput = {
  major: 17,
  user: {},
  libraries: [],
  clusterName: 'c',
  listenAddresses: '*',
  port: 5432,
  sockets: '/controller/run',
  certificates: '/controller/certificates',
  logs: '/controller/log',
  archiveCommand: 'x archive %p',
  archiveMode: 'on',
  alterSystem: false,
  hash: 'h',
};

test("the user changes defaults, and nothing that is the operator's", () => {
  const user = { archive_timeout: '1min', port: '1', listen_addresses: 'x', archive_mode: 'off', work_mem: '8MB' };
  expect(renderParameters({ ...input, user })).toMatchObject({
    archive_timeout: '1min',
    work_mem: '8MB',
    port: '5432',
    listen_addresses: '*',
    archive_mode: 'on',
    restart_after_crash: 'off',
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '200ms',
  });
});

test('a parameter of a managed extension loads its library, once', () => {
  const user = { 'pgaudit.log': 'ddl', 'pg_stat_statements.max': '100' };
  const rendered = renderParameters({ ...input, user, libraries: ['mine', 'pgaudit'] });
  expect(rendered['shared_preload_libraries']).toBe('mine,pgaudit,pg_stat_statements');
});

test('allow_alter_system is written where PostgreSQL has it', () => {
  expect(renderParameters(input)['allow_alter_system']).toBe('off');
  expect(renderParameters({ ...input, major: 16 })).not.toHaveProperty('allow_alter_system');
});

test("pg_hba.conf: ours, then the user's with selectors expanded, then the catch-all", () => {
  const rules = [
    'host all all ${podselector:web} trust',
    'host all all ${podselector:none} trust',
    'host a b\nc 1.2.3.4/32 md5',
  ];
  const podSelectors = new Map([['web', ['10.0.0.1', 'fd00::1']]]);
  expect(renderHba({ major: 17, userRules: rules, podSelectors }).split('\n')).toEqual([
    'local all cnpg_metrics_exporter peer map=local',
    'local all all peer map=local',
    'local replication postgres peer map=local',
    'hostssl postgres streaming_replica all cert map=cnpg_streaming_replica',
    'hostssl replication streaming_replica all cert map=cnpg_streaming_replica',
    'hostssl all cnpg_pooler_pgbouncer all cert map=cnpg_pooler_pgbouncer',
    'host all all 10.0.0.1/32 trust',
    'host all all fd00::1/128 trust',
    'host a b c 1.2.3.4/32 md5',
    'host all all all scram-sha-256',
    '',
  ]);
  expect(renderHba({ major: 13, userRules: [], podSelectors })).toContain('host all all all md5\n');
});

test("pg_ident.conf maps the system's user, whatever its name", () => {
  expect(renderIdent('we"ird', ['mine a b'])).toContain('local "we""ird" postgres\n');
  expect(renderIdent('postgres', ['mine a b'])).toMatch(/mine a b\n$/);
});

const clusterWith = (postgresql: object): Cluster => ({
  metadata: { name: 'c', namespace: 'n' },
  spec: { instances: 1, postgresql },
});

test("the configuration's hash is of what the Cluster says, not of the order in which it says it", () => {
  const one = configurationHash(clusterWith({ parameters: { a: '1', b: '2' } }));
  expect(configurationHash(clusterWith({ parameters: { b: '2', a: '1' } }))).toBe(one);
  expect(configurationHash(clusterWith({ parameters: { a: '1', b: '3' } }))).not.toBe(one);
  expect(configurationHash(clusterWith({ parameters: { a: '1', b: '2' }, pg_hba: ['x'] }))).not.toBe(one);
});
