import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { createKubeClient } from '../kube/client.ts';
import type { Lease } from '../kube/objects.ts';
import { resource } from '../kube/resource-types.ts';
import { startApiServer } from '../local/apiserver/testing/server.ts';
import { operatorLease, operatorNamespace } from '../naming.ts';
import { freeLoopbackAddress } from '../testing/loopback.ts';
import { main } from './operator.ts';

/** The program's command, and then what still keeps its process. */
const script = `
const { main } = await import('./operator.ts');
const code = await main(['--leader-lease-duration=8', '--leader-renew-deadline=none']);
const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
process.stdout.write('\\n' + JSON.stringify({ code, timers }));
`;

/** The operator in a process of its own, from when it holds the lease. */
async function leadingOperator() {
  await using parts = new AsyncDisposableStack();
  const server = parts.use(await startApiServer());
  const api = parts.use(createKubeClient(server.adminConnection));
  await api.create(resource.namespaces, { metadata: { name: operatorNamespace } });
  const lease = () => api.get<Lease>(resource.leases, { namespace: operatorNamespace, name: operatorLease });
  const kubeconfig = path.join(server.directory, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig);
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    POD_NAME: 'operator-0',
    HOWDAH_BIND: await freeLoopbackAddress(),
    MANAGE_WEBHOOK_CONFIGURATIONS: 'false',
  };
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  parts.defer(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const said = text(child.stdout);
  const held = async (): Promise<Lease | undefined> => {
    for (;;) {
      const found = await lease();
      if (found?.spec?.holderIdentity === 'operator-0') return found;
      if (child.exitCode !== null) throw new Error(`the operator has ended: ${await said}`);
      await sleep(20);
    }
  };
  await held();
  const owned = parts.move();
  return { api, child, said, lease, held, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test('told to end, the operator gives its lease back and has no timer left that would keep its process', async () => {
  await using operator = await leadingOperator();
  expect((await operator.lease())?.spec?.leaseDurationSeconds).toBe(8);
  operator.child.kill('SIGTERM');
  expect(JSON.parse((await operator.said).split('\n').at(-1) ?? '')).toEqual({ code: 0, timers: 0 });
  expect((await operator.lease())?.spec?.holderIdentity).toBe('');
});

test('an operator that has lost its lease to another stands for it again, in the same process', async () => {
  await using operator = await leadingOperator();
  for (let taken = false; !taken;) {
    const lease = await operator.held();
    const spec = { ...lease?.spec, holderIdentity: 'operator-1', leaseDurationSeconds: 1 };
    taken = await operator.api.replace(resource.leases, { ...lease, spec }).then(
      () => true,
      () => false,
    );
  }
  expect((await operator.held())?.spec?.leaseTransitions).toBe(1);
  operator.child.kill('SIGTERM');
  const lines = (await operator.said).split('\n');
  expect(lines.filter((line) => line.includes('"msg":"leading"'))).toHaveLength(2);
  expect(lines.filter((line) => line.includes('"msg":"leadership lost; '))).toHaveLength(1);
});

test.each([
  ['--leader-lease-duration=soon', '--leader-lease-duration=soon: it must be a number of seconds, at least 1'],
  ['--leader-renew-deadline=0', '--leader-renew-deadline=0: it must be a number of seconds, at least 1'],
  ['--leader-renew-deadline=15', 'it must be from 3 to 14, a second below --leader-lease-duration=15, or none'],
  ['--leader-lease-duration=10', '--leader-renew-deadline=10: it must be from 3 to 9'],
  ['--leader-elect=no', '--leader-elect=no: it must be one of true, false'],
  ['--log-level=loud', '--log-level=loud: it must be one of error, warning, info, debug, trace'],
  ['--max-concurrent-reconciles=many', '--max-concurrent-reconciles=many: it must be a number from 1 to 9999'],
  ['--max-concurrent-reconciles=0', '--max-concurrent-reconciles=0: it must be a number from 1 to 9999'],
])('%s is refused', async (argument, message) => {
  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  expect(await main([argument])).toBe(2);
  expect(said.mock.calls.join('')).toContain(message);
  said.mockRestore();
});
