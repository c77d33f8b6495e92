import { expect, test } from '@jest/globals';
import type { InstanceContext } from './context/context.ts';
import type { RestoreOutcome, WalRestorer } from './wal/port.ts';
import { gatedRestorer } from './restore-gate.ts';

function gate(restorer: WalRestorer): {
  restorer: WalRestorer;
  readonly follow: (instance: string | undefined) => void;
} {
  let primary: { instance: string; ip: string } | undefined;
  const ha = {
    get primary() {
      return primary;
    },
  };
  const context = { ha, cluster: { current: undefined } } as unknown as InstanceContext;
  return {
    restorer: gatedRestorer(restorer, context),
    follow: (instance) => (primary = instance === undefined ? undefined : { instance, ip: '10.0.0.1' }),
  };
}
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

test('who follows nobody is served nothing, who follows somebody is', async () => {
  const { restorer, follow } = gate({ restore: () => Promise.resolve({ outcome: 'restored' }) });
  expect(await restorer.restore('f', '/p', signal())).toEqual({ outcome: 'absent' });
  follow('a-1');
  expect(await restorer.restore('f', '/p', signal())).toEqual({ outcome: 'restored' });
});

test('F19 a request that the archive does not answer ends when the gate closes, and is cancelled', async () => {
  let cancelled = false;
  const { restorer, follow } = gate({
    restore: (_file, _path, until) =>
      new Promise<RestoreOutcome>((_resolve, reject) => {
        until.addEventListener('abort', () => {
          cancelled = true;
          reject(until.reason as Error);
        });
      }),
  });
  follow('a-1');
  const answer = restorer.restore('f', '/p', signal());
  follow(undefined);
  expect(await answer).toEqual({ outcome: 'absent' });
  expect(cancelled).toBe(true);
});
