import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Socket, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { BlockSocket } from './block-socket.ts';

async function pair() {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwb-'));
  const server = createServer({ allowHalfOpen: true }).listen(path.join(directory, 's'));
  await once(server, 'listening');
  const blocks = new BlockSocket();
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  blocks.socket.connect(path.join(directory, 's'));
  const [peer] = await accepted;
  return {
    blocks,
    peer,
    async [Symbol.asyncDispose]() {
      blocks.socket.destroy();
      peer.destroy();
      server.close();
      await once(server, 'close');
      await rm(directory, { recursive: true });
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what comes is read whole and in order, whoever is the slower, and a block does not change while it is in use', async () => {
  await using both = await pair();
  const { blocks, peer } = both;
  blocks.begin();
  const sent = randomBytes(3_000_000);
  const sending = (async () => {
    for (let at = 0; at < sent.length;) {
      const size = 1 + Math.floor(Math.random() * (at % 3 === 0 ? 200_000 : 9_000));
      if (!peer.write(sent.subarray(at, at + size))) await once(peer, 'drain');
      at += size;
      if (Math.random() < 0.3) await turn();
    }
    peer.end();
  })();
  const found: Buffer[] = [];
  for (let block = await blocks.next(); block; block = await blocks.next()) {
    const before = Buffer.from(block);
    // Meanwhile the sender goes on, and the socket reads what it sends.
    for (let wait = Math.floor(Math.random() * 4); wait > 0; wait -= 1) await turn();
    expect(block.equals(before)).toBe(true);
    found.push(before);
  }
  await sending;
  expect(Buffer.concat(found).equals(sent)).toBe(true);
  expect(await blocks.next()).toBeUndefined();
});

test('before it begins, listeners are told; afterwards a failure comes out of the next read', async () => {
  await using both = await pair();
  const { blocks, peer } = both;
  const told = once(blocks.socket, 'data') as Promise<[Buffer]>;
  peer.write('hello');
  expect((await told)[0].toString()).toBe('hello');
  blocks.socket.removeAllListeners('data');
  blocks.begin();
  peer.write('last');
  expect((await blocks.next())?.toString()).toBe('last');
  const next = blocks.next();
  blocks.socket.destroy(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});
