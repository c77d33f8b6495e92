// What the operator reads may be old, or half of what there should be; it ends where one does that sees everything at once.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { isHealthy, startPlatform, TestCluster, type TestPlatform } from '../testing/test-world.ts';
import { watched } from '../testing/watched.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

/** Reads answer as they did in the turn before, where they were made; writes are those of now. */
class Behind {
  #before = new Map<string, unknown>();
  #now = new Map<string, unknown>();
  readonly api: KubeApi;
  /** Answers that were not those of now. */
  stale = 0;

  constructor(api: KubeApi) {
    this.api = new Proxy(api, {
      get: (target, name: keyof KubeApi) => {
        const method = target[name].bind(target) as (...values: unknown[]) => Promise<unknown>;
        if (name !== 'get' && name !== 'list') return method;
        return async (...values: unknown[]) => {
          const call = JSON.stringify([name, values[0], { ...(values[1] as object), signal: undefined }]);
          const answer = await method(...values);
          this.#now.set(call, answer);
          if (!this.#before.has(call)) return answer;
          const old = this.#before.get(call);
          if (JSON.stringify(old) !== JSON.stringify(answer)) this.stale += 1;
          return structuredClone(old);
        };
      },
    });
  }

  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

test('F34 an operator whose every read is a turn old makes nothing twice, and ends where one does that reads what is', async () => {
  const spec = { walStorage: { size: '1Gi' } };
  const reference = await TestCluster.create(platform.api, { name: 'fresh', spec });
  await reference.until(isHealthy);
  const test = await TestCluster.create(platform.api, { name: 'stale', spec });
  const behind = new Behind(platform.api);
  let [most, healthy] = [0, 0];
  for (let turn = 0; turn < 80 && healthy < 3; turn++) {
    await test.reconcile(behind.api).catch(() => undefined);
    behind.turn();
    most = Math.max(most, (await test.claims()).length);
    healthy = isHealthy(await test.cluster()) ? healthy + 1 : 0;
    await test.moment();
  }
  expect(behind.stale).toBeGreaterThan(20);
  expect(await test.shape()).toEqual(await reference.shape());
  expect(most).toBe(6);
});

test.each([
  ['data', 1],
  ['WAL', 2],
] as const)(
  'F27 the operator dies when it has made the claim of the %s of a new instance: what is there is kept, what is missing made',
  async (what, writes) => {
    const name = `half-${what.toLowerCase()}`;
    const test = await TestCluster.create(platform.api, { name, instances: 1, spec: { walStorage: { size: '1Gi' } } });
    await test.until(isHealthy);
    await test.patchSpec({ instances: 2 });
    let made = 0;
    const dying = watched(
      platform.api,
      (call) => {
        if (call.includes('persistentvolumeclaims')) made += 1;
        if (made >= writes) throw new Error('the operator died');
      },
      true,
    );
    await expect(test.reconcile(dying)).rejects.toThrow('the operator died');
    const uids = async (): Promise<(string | undefined)[]> =>
      (await test.claims()).map(({ metadata }) => metadata?.uid);
    const half = await uids();
    expect(half).toHaveLength(2 + writes);
    await test.until(isHealthy);
    expect(await test.names(resource.persistentVolumeClaims)).toEqual([
      `${name}-1`,
      `${name}-1-wal`,
      `${name}-2`,
      `${name}-2-wal`,
    ]);
    expect(await uids()).toEqual(expect.arrayContaining(half));
  },
);

test.each([
  ['data', ''],
  ['WAL', '-wal'],
])(
  'F27 a claim of %s that is on its way out and does not go holds up nobody, and its name is not given again',
  async (_, suffix) => {
    const name = `going${suffix}`;
    const test = await TestCluster.create(platform.api, { name, instances: 2, spec: { walStorage: { size: '1Gi' } } });
    await test.until(isHealthy);
    const claim = { namespace: 'default', name: `${name}-2${suffix}` };
    const finalizers = ['kubernetes.io/pvc-protection'];
    await platform.api.patch(resource.persistentVolumeClaims, claim, { metadata: { finalizers } });
    await platform.api.delete(resource.persistentVolumeClaims, claim);
    await platform.api.delete(resource.pods, { namespace: 'default', name: `${name}-2` }, { gracePeriodSeconds: 0 });
    const others = [`${name}-1`, `${name}-3`];
    await test.until(async (cluster) => isHealthy(cluster) && (await test.names(resource.pods)).includes(`${name}-3`));
    expect(await test.names(resource.pods)).toEqual(others);
    await platform.api.patch(resource.persistentVolumeClaims, claim, { metadata: { finalizers: null } });
    for (let turn = 0; turn < 5; turn += 1) {
      await test.reconcile();
      await test.moment();
    }
    expect(await test.names(resource.pods)).toEqual(others);
  },
);
