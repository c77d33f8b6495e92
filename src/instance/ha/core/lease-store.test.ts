import { expect, test } from '@jest/globals';
import { decodeLease, emptyContent, encodeLease, type LeaseContent } from './lease-record.ts';
import { LeaseStore } from './lease-store.ts';
import { LeaseServer } from '../testing-lease-server.ts';

const key = { namespace: 'default', name: 'c' };
const timing = { duration: 15, renewDeadline: 10, retryPeriod: 2 };
const member = { instance: 'c-1', incarnation: 'one' };
const content: LeaseContent = {
  ...emptyContent('cluster', 'system'),
  ...{ epoch: 3, holder: member, members: [{ ...member, address: '10.0.0.1' }] },
};

function setUp() {
  const server = new LeaseServer(key);
  let now = 1000;
  const store = new LeaseStore({ kube: server, key, clock: () => now, timing: () => timing });
  return { server, store, pass: (ms: number) => (now += ms) };
}

test('a record survives its way through the object, and people see the holder', () => {
  const lease = encodeLease({ metadata: { ...key, uid: 'u' } }, content, { nonce: 'n', now: new Date(0), timing });
  expect(decodeLease(lease)).toEqual({ ...content, uid: 'u', version: '' });
  expect(lease.spec).toMatchObject({ holderIdentity: 'c-1', leaseDurationSeconds: 15, leaseTransitions: 1 });
  const { holder: _, ...released } = content;
  expect(encodeLease(lease, released, { nonce: 'm', now: new Date(0), timing }).spec).toMatchObject({
    holderIdentity: '',
    leaseDurationSeconds: 1,
    leaseTransitions: 1,
  });
});

test("a lease that nobody has claimed is blank, and one with somebody else's annotation is an error", () => {
  expect(decodeLease({ metadata: key })).toBe('blank');
  expect(() => decodeLease({ metadata: { ...key, annotations: { 'howdah.dev/ha': '{"epoch":"x"}' } } })).toThrow(
    'cannot be read',
  );
});

test('compare-and-swap: the second of two writers is refused and sees the first', async () => {
  const { server, store } = setUp();
  const other = new LeaseStore({ kube: server, key, clock: () => 0, timing: () => timing });
  await Promise.all([store.read(100), other.read(100)]);
  expect(await store.write(content, 100)).toBe('done');
  expect(await other.write({ ...content, epoch: 4 }, 100)).toBe('refused');
  expect(other.record?.epoch).toBe(3);
});

test('an answer that was lost: reading back tells that it was done (rule 1)', async () => {
  const { server, store } = setUp();
  await store.read(100);
  server.lose = true;
  expect(await store.write(content, 100)).toBe('done');
  expect(store.record?.holder).toEqual(member);
});

test('an answer that was lost and an API server that is gone: nobody knows', async () => {
  const { server, store } = setUp();
  await store.read(100);
  server.lose = true;
  server.down = true;
  expect(await store.write(content, 100)).toBe('unknown');
  expect(store.apiAnswers).toBe(false);
});

test('the count of an unchanged lease begins anew with each version, and an old event of a watch changes nothing (rule 5)', async () => {
  const { server, store, pass } = setUp();
  await store.read(100);
  const old = structuredClone(server.lease);
  pass(5000);
  expect(store.unchangedFor()).toBe(5000);
  await store.read(100);
  expect(store.unchangedFor()).toBe(5000);
  await store.write(content, 100);
  expect(store.unchangedFor()).toBe(0);
  pass(10);
  store.take(old);
  expect([store.record?.epoch, store.unchangedFor()]).toEqual([3, 10]);
});

test('a lease that is deleted and made again is a new one', async () => {
  const { server, store, pass } = setUp();
  await store.read(100);
  pass(5000);
  server.lease = undefined;
  await store.read(100);
  expect([store.observed?.record, store.unchangedFor()]).toEqual([undefined, 0]);
  expect(await store.write(content, 100)).toBe('done');
});
