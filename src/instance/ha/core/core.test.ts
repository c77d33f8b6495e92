import { expect, test } from '@jest/globals';
import { hear, type HaCore, holderOf, newMemory, others } from './core.ts';
import { parseMessage } from './messages.ts';

const member = (instance: string, address: string) => ({ instance, incarnation: '1', address });
/** c-2 asks; the lease has these addresses. */
function asked(addresses: Record<string, string>): HaCore & { lease: (changed: Record<string, string>) => void } {
  const recordOf = (found: Record<string, string>) => ({
    holder: { instance: 'c-1', incarnation: '1' },
    members: Object.entries(found).map(([instance, address]) => member(instance, address)),
  });
  const store = { record: recordOf(addresses), lastRecord: recordOf(addresses) };
  const context = { environment: { podName: 'c-2' } };
  const lease = (changed: Record<string, string>): void => {
    store.record = store.lastRecord = recordOf(changed);
  };
  return { context, store, memory: newMemory(), lease } as unknown as ReturnType<typeof asked>;
}
const where = (core: HaCore): string[] => others(core).map(({ address }) => address);

test('a member that was started anew is reached where it says it is, until the lease says something else', () => {
  const core = asked({ 'c-1': '10.0.0.1', 'c-2': '10.0.0.2', 'c-3': '10.0.0.3' });
  hear(core, { instance: 'c-3', incarnation: '1' }, '10.0.0.9');
  hear(core, { instance: 'c-1', incarnation: '1' }, '10.0.0.8');
  expect(where(core)).toEqual(['10.0.0.8', '10.0.0.9']);
  expect(holderOf(core)?.address).toBe('10.0.0.8');
  core.lease({ 'c-1': '10.0.0.1', 'c-2': '10.0.0.2', 'c-3': '10.0.0.4' });
  expect(where(core)).toEqual(['10.0.0.8', '10.0.0.4']);
  hear(core, { instance: 'c-1', incarnation: '1' }, '10.0.0.1');
  expect(where(core)).toEqual(['10.0.0.1', '10.0.0.4']);
});

test('another life of a member, or no member, changes nothing', () => {
  const core = asked({ 'c-1': '10.0.0.1', 'c-3': '10.0.0.3' });
  hear(core, { instance: 'c-3', incarnation: '2' }, '10.0.0.9');
  hear(core, { instance: 'c-4', incarnation: '1' }, '10.0.0.9');
  expect(where(core)).toEqual(['10.0.0.1', '10.0.0.3']);
});

test('an address in a message is one', () => {
  const one = member('c-1', '');
  const message = { clusterUid: 'u', from: one, to: one, podUid: 'p', nonce: 'n', epoch: 1 };
  expect(parseMessage(JSON.stringify({ ...message, address: 'fd00::1' })).address).toBe('fd00::1');
  expect(() => parseMessage(JSON.stringify({ ...message, address: 'example.com' }))).toThrow(/not an address/);
});
