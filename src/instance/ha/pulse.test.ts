import net, { type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import type { LeaseRecord, Member } from '../../../state-machines/protocol/types.ts';
import { type HaCore, newMemory } from './core/core.ts';
import { Pulse } from './pulse.ts';

const self = { instance: 'c-1', incarnation: 'one' };
const holder = { instance: 'c-2', incarnation: 'two' };

/** A standby; whether its holder's manager answers is said by the test, its server is a socket or nothing. */
function standby(port: number, number = 1) {
  const world = { now: 100_000, answers: true, holder: holder as Member, asked: 0 };
  const memory = newMemory();
  const core = {
    clock: () => world.now,
    memory,
    peers: {
      ask: () => {
        world.asked += 1;
        return Promise.resolve(world.answers ? { granted: true } : undefined);
      },
    },
    store: {
      get record(): LeaseRecord {
        const members = [self, world.holder].map((member) => ({ ...member, address: '127.0.0.1' }));
        const configuration = { version: 1, epoch: 3, owner: world.holder, names: [self], external: [], number };
        return {
          ...{ uid: 'u', version: '1', clusterUid: 'c', systemIdentifier: 's', epoch: 3, holder: world.holder },
          ...{ configurations: [configuration], members },
        };
      },
    },
    view: () => undefined,
    context: { environment: { podName: 'c-1', port }, supervisor: { postgresPid: () => undefined } },
  } as unknown as HaCore;
  const pulse = new Pulse(core);
  const turns = async (count: number): Promise<number> => {
    for (let turn = 0; turn < count; turn++) {
      world.now += 300;
      await pulse.tick();
    }
    return memory.unansweredPulses;
  };
  return { world, turns };
}

/** On which nobody listens, or somebody does. */
async function somePort(): Promise<{ port: number; server: net.Server }> {
  const server = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}
async function noPort(): Promise<number> {
  const { port, server } = await somePort();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a holder that does not answer is counted, and forgiven with its first answer', async () => {
  const { world, turns } = standby(await noPort());
  expect(await turns(3)).toBe(0);
  world.answers = false;
  expect(await turns(4)).toBe(4);
  world.answers = true;
  expect(await turns(1)).toBe(0);
});

test('a manager that stands still under a server that is there is not silent', async () => {
  const { port, server } = await somePort();
  const { world, turns } = standby(port);
  world.answers = false;
  expect(await turns(5)).toBeLessThanOrEqual(1);
  await new Promise((resolve) => server.close(resolve));
});

test('a process that stood still has missed one answer, however long it was', async () => {
  const { world, turns } = standby(await noPort());
  world.answers = false;
  world.now += 60_000;
  expect(await turns(1)).toBe(1);
});

test('another holder begins anew', async () => {
  const { world, turns } = standby(await noPort());
  world.answers = false;
  expect(await turns(5)).toBe(5);
  world.holder = { instance: 'c-3', incarnation: 'three' };
  expect(await turns(1)).toBe(1);
});

test('where no quorum decides nobody is asked', async () => {
  const { world, turns } = standby(await noPort(), 0);
  world.answers = false;
  expect([await turns(5), world.asked]).toEqual([0, 0]);
});
