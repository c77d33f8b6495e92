import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { resource } from '../../kube/resource-types.ts';
import { findTree } from './container/tree.ts';
import type { Pod } from './model/types.ts';
import { killPods } from './stop.ts';
import { TestPlatform } from './testing/platform.ts';

jest.setTimeout(60_000);
let platform: TestPlatform;
beforeEach(async () => {
  platform = await TestPlatform.start();
});
afterEach(() => platform[Symbol.asyncDispose]());

const container = (script: string) => ({ name: 'main', image: 'any', command: ['sh', '-c', script] });
const counts = 'trap "exit 0" TERM; n=0; while :; do n=$((n+1)); echo line $n; sleep 0.1; done';
const running = (pod: Pod): boolean => pod.status?.containerStatuses?.[0]?.state.running !== undefined;
const main = (pod: Pod) => pod.status?.containerStatuses?.[0];

const record = (pod: Pod): { containers: { main: { run: { process: { pid: number } } } } } =>
  JSON.parse(readFileSync(path.join(platform.settings.root, 'pods', pod.metadata.uid, 'record.json'), 'utf8')) as never;

test('containers outlive a killed node and are taken up by the next: same process, same restart count, log without a gap', async () => {
  await platform.createPod('stays', { containers: [container(counts)] });
  const before = await platform.podWhen('stays', running, 'runs');
  const { pid } = record(before).containers.main.run.process;
  await platform.endNode('SIGKILL');
  await delay(700);
  expect(findTree({ marker: before.metadata.uid })).toContain(pid);
  await platform.startNode();
  const log = path.join(platform.settings.root, 'pods', before.metadata.uid, 'containers/main/0/log');
  const numbers = (): number[] =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ').at(-1)));
  await platform.until(() => existsSync(log), 'the log is there');
  const count = numbers().length;
  await platform.until(() => numbers().length > count + 8, 'the log goes on');
  expect(new Set(numbers()).size).toBe(Math.max(...numbers()));
  const after = (await platform.pod('stays')) as Pod;
  expect(main(after)).toMatchObject({ restartCount: 0, containerID: main(before)?.containerID, ready: true });
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'stays' });
  await platform.gone('stays');
  expect(findTree({ marker: before.metadata.uid })).toEqual([]);
});

test('what a container ended with while the node was away is known afterwards', async () => {
  await platform.createPod('ends', { restartPolicy: 'Never', containers: [container('sleep 1; exit 42')] });
  await platform.podWhen('ends', running, 'runs');
  await platform.endNode('SIGKILL');
  await delay(1500);
  await platform.startNode();
  const pod = await platform.podWhen('ends', ({ status }) => status?.phase === 'Failed', 'failed');
  expect(main(pod)?.state.terminated?.exitCode).toBe(42);
});

test('what a container leaves behind ends with it, also while the node is away', async () => {
  await platform.createPod('leaves', { restartPolicy: 'Never', containers: [container('setsid sleep 300 & sleep 1')] });
  const pod = await platform.podWhen('leaves', running, 'runs');
  await platform.endNode('SIGKILL');
  await platform.until(() => findTree({ marker: pod.metadata.uid }).length === 0, 'all ended');
});

test('a pod deleted while the node was away is ended when it is back', async () => {
  await platform.createPod('deleted', { containers: [container(counts)] });
  const pod = await platform.podWhen('deleted', running, 'runs');
  await platform.endNode('SIGKILL');
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'deleted' }, { gracePeriodSeconds: 0 });
  expect(findTree({ marker: pod.metadata.uid }).length).toBeGreaterThan(0);
  await platform.startNode();
  await platform.until(() => findTree({ marker: pod.metadata.uid }).length === 0, 'all ended');
});

test('a loss of power ends everything; the node then starts the containers anew', async () => {
  await platform.createPod('power', { containers: [container(counts)] });
  const before = await platform.podWhen('power', running, 'runs');
  await platform.endNode('SIGKILL');
  expect(await killPods(platform.settings.root)).toBe(true);
  expect(findTree({ marker: before.metadata.uid })).toEqual([]);
  await platform.startNode();
  const after = await platform.podWhen('power', (pod) => main(pod)?.restartCount === 1 && running(pod), 'runs again');
  expect(main(after)?.lastState.terminated?.exitCode).toBe(137);
  expect(after.status?.podIP).toBe(before.status?.podIP);
});

test('a node told to empty itself ends containers in good order, keeps pods, and resumes them without a wait', async () => {
  await platform.createPod('resumes', { containers: [container('trap "exit 0" TERM; while :; do sleep 0.1; done')] });
  const before = await platform.podWhen('resumes', running, 'runs');
  for (const restarts of [1, 2]) {
    await platform.endNode('SIGUSR2');
    expect(findTree({ marker: before.metadata.uid })).toEqual([]);
    await platform.startNode();
    const pod = await platform.podWhen(
      'resumes',
      (it) => main(it)?.restartCount === restarts && running(it),
      'runs again',
    );
    expect(main(pod)?.lastState.terminated?.exitCode).toBe(0);
  }
});

test('a node told to empty itself waits no longer for a pod that is being deleted with a long grace', async () => {
  const script = 'trap "echo told" TERM; echo ready; while :; do sleep 0.1; done';
  const spec = { terminationGracePeriodSeconds: 1, containers: [container(script)] };
  const { metadata } = await platform.createPod('patient', spec);
  await platform.until(async () => (await platform.log('patient')).includes('ready'), 'it listens');
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'patient' }, { gracePeriodSeconds: 3600 });
  await platform.until(async () => (await platform.log('patient')).includes('told'), 'it was told to end');
  await platform.endNode('SIGUSR2');
  expect(findTree({ marker: metadata.uid })).toEqual([]);
});

test('a pod that is not to be restarted fails by the stop of its node, and says that this is the reason', async () => {
  const script = 'trap "exit 9" TERM; while :; do sleep 0.1; done';
  await platform.createPod('once', { restartPolicy: 'Never', containers: [container(script)] });
  await platform.podWhen('once', running, 'runs');
  await platform.endNode('SIGUSR2');
  await platform.startNode();
  const pod = await platform.podWhen('once', ({ status }) => status?.phase === 'Failed', 'failed');
  expect(pod.status).toMatchObject({
    reason: 'Terminated',
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    ]),
  });
  expect(main(pod)?.state.terminated?.exitCode).toBe(9);
});

test('a killed shim does not leave its container running', async () => {
  await platform.createPod('shimless', { containers: [container(counts)] });
  const before = await platform.podWhen('shimless', running, 'runs');
  const old = findTree({ marker: `${before.metadata.uid}/main/0` });
  process.kill(record(before).containers.main.run.process.pid, 'SIGKILL');
  const after = await platform.podWhen('shimless', (pod) => main(pod)?.restartCount === 1 && running(pod), 'restarted');
  expect(main(after)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  expect(old.filter((pid) => findTree({ marker: after.metadata.uid }).includes(pid))).toEqual([]);
});
