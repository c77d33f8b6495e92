import { expect, test } from '@jest/globals';
import { childEnvironment } from './environment.ts';
import { busySubnets, chooseSubnet, findListener, parseListeners } from './listeners.ts';
import { parseUp } from './options.ts';
import { choosePodUser, permits } from './pod-user.ts';
import { failuresAfter, restartDelay } from './restart.ts';

const proc = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100587F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100
   2: 0100007F:A2C4 0100007F:192B 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100
`;

test('listeners of /proc/net/tcp', () => {
  const all = parseListeners(proc);
  expect(all).toEqual([
    { address: '127.88.0.1', port: 6443, inode: '4711' },
    { address: '0.0.0.0', port: 22, inode: '4712' },
  ]);
  expect(findListener(all, '127.88.0.1', 6443)?.inode).toBe('4711');
  expect(findListener(all, '127.1.2.3', 22)?.inode).toBe('4712');
  expect(findListener(all, '127.88.0.2', 6443)).toBeUndefined();
  expect([...busySubnets(all)]).toEqual(['127.88']);
});

test('a free subnet, beginning at the seed', () => {
  expect(chooseSubnet(new Set(), 0)).toBe('127.64');
  expect(chooseSubnet(new Set(['127.64', '127.65']), 0)).toBe('127.66');
  expect(chooseSubnet(new Set(['127.250']), 186)).toBe('127.64');
  const all = new Set(Array.from({ length: 187 }, (_, index) => `127.${64 + index}`));
  expect(chooseSubnet(all, 5)).toBeUndefined();
});

test.each([
  ['root:x:0:0:::\npostgres:x:101:104:::\nnobody:x:65534:65534:::', 'postgres', 101],
  ['root:x:0:0:::\nnobody:x:65534:65534:::', 'nobody', 65534],
  ['root:x:0:0:::\npostgres:x:0:0:::', undefined, undefined],
])('pods run as an unprivileged user', (passwd, name, uid) => {
  expect(choosePodUser(passwd)?.name).toBe(name);
  expect(choosePodUser(passwd)?.uid).toBe(uid);
});

const passing = 0o001;
test.each([
  ['others may', { uid: 0, gid: 0, mode: 0o711 }, true],
  ['others may not', { uid: 0, gid: 0, mode: 0o700 }, false],
  ['the owner may, whatever others may', { uid: 101, gid: 0, mode: 0o700 }, true],
  ['the group may not although others may', { uid: 0, gid: 104, mode: 0o701 }, false],
])('passing a directory: %s', (_, file, expected) => {
  expect(permits({ uid: 101, gid: 104 }, file, passing)).toBe(expected);
});

test('a process is restarted at once, and slower when it dies young again and again', () => {
  const delays = [];
  for (let failures = 0, n = 0; n < 9; n++) {
    failures = failuresAfter(failures, 100);
    delays.push(restartDelay(failures));
  }
  expect(delays).toEqual([0, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  expect(restartDelay(failuresAfter(7, 60_000))).toBe(0);
});

test('options of up', () => {
  expect(
    parseUp(['--data', 'x', '--nodes', '3', '--postgres-dir', '15=/usr/lib/postgresql/15/bin', '--no-operator']),
  ).toEqual({
    dir: 'x',
    nodes: 3,
    postgres: { 15: '/usr/lib/postgresql/15/bin' },
    operator: false,
    wait: false,
  });
  expect(parseUp([])).toEqual({ dir: '.howdah', postgres: {}, wait: false });
});

test.each([
  ['--nodes', '0'],
  ['--nodes', 'many'],
  ['--postgres-dir', '15'],
  ['--postgres-dir', '15=relative'],
  ['--nonsense'],
])('up %s %s is refused by name', (...args) => expect(() => parseUp(args)).toThrow(args[0]));

test("the caller's npm, Node and cluster do not reach the platform", () => {
  const env = {
    PATH: '/bin',
    HOME: '/h',
    npm_config_x: '1',
    NODE_OPTIONS: '-r x',
    KUBECONFIG: 'k',
    HOWDAH_ROOT: 'r',
    PGHOST: 'h',
  };
  expect(childEnvironment(env)).toEqual({ PATH: '/bin', HOME: '/h' });
});
