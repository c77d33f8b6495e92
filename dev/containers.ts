// `npm run test:containers`: our object store client against MinIO, and the check of a restored database against the official
// PostgreSQL image, both in containers. Where no container engine is to be had nothing is tested, and why is said.
import assert from 'node:assert/strict';
import { GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { verifyDatabases } from '../src/instance/drill/verify.ts';
import { openLightStore } from '../src/objectstore/light.ts';
import { openS3Store } from '../src/objectstore/s3.ts';

const images = {
  minio: process.env['MINIO_IMAGE'] ?? 'minio/minio:latest',
  postgres: process.env['POSTGRES_IMAGE'] ?? 'postgres:18',
};
const startTimeout = 180_000;
const credentials = { accessKeyId: 'howdah', secretAccessKey: 'howdah-secret' };
const password = 'howdah';

const say = (text: string): void => void process.stdout.write(`test:containers: ${text}\n`);
const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

async function* pieces(data: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += 1 << 20) yield data.subarray(at, at + (1 << 20));
}

async function objectStore(container: StartedTestContainer): Promise<void> {
  const endpoint = `http://${container.getHost()}:${container.getMappedPort(9000)}`;
  const admin = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await admin.send(new CreateBucketCommand({ Bucket: 'backups' }));
  admin.destroy();
  for (const open of [openLightStore, openS3Store]) {
    using store = open({ bucket: 'backups', endpoint, credentials });
    const key = `${open.name}/small`;
    assert.equal(await store.put(key, Buffer.from('one'), { ifNoneMatch: true }), 'created');
    assert.equal(await store.put(key, Buffer.from('two'), { ifNoneMatch: true }), 'exists');
    const large = Buffer.alloc(12 << 20, 7);
    assert.deepEqual(
      (await store.upload(`${open.name}/large`, pieces(large), { partSize: 5 << 20 })).size,
      large.length,
    );
    const found = await store.get(`${open.name}/large`);
    assert.ok(found && Buffer.concat((await found.body.toArray()) as Buffer[]).equals(large));
    const keys: string[] = [];
    for await (const entry of store.list(`${open.name}/`)) if (entry.kind === 'object') keys.push(entry.key);
    assert.deepEqual(keys, [`${open.name}/large`, key]);
    await store.delete(keys);
    assert.equal(await store.head(key), undefined);
  }
  say(`object store: ${images.minio} holds what it is given`);
}

async function database(container: StartedTestContainer): Promise<void> {
  const config = { host: container.getHost(), port: container.getMappedPort(5432), user: 'postgres', password };
  const found = await verifyDatabases(config, AbortSignal.timeout(startTimeout));
  assert.deepEqual(found.problems, []);
  assert.ok(found.tables > 50 && found.indexes > 50);
  say(
    `database: ${images.postgres} is found whole by ${found.method}: ${found.tables} tables, ${found.indexes} indexes`,
  );
}

async function withContainer(container: GenericContainer, use: (started: StartedTestContainer) => Promise<void>) {
  const started = await container.withStartupTimeout(startTimeout).start();
  try {
    await use(started);
  } finally {
    await started.stop();
  }
}

async function available(): Promise<boolean> {
  try {
    await getContainerRuntimeClient();
    return true;
  } catch (error) {
    say(`SKIPPED: no container engine answers (${reason(error)})`);
    return false;
  }
}

if (await available()) {
  const minio = new GenericContainer(images.minio)
    .withCommand(['server', '/data'])
    .withEnvironment({ MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey })
    .withExposedPorts(9000)
    .withWaitStrategy(Wait.forHttp('/minio/health/live', 9000));
  const postgres = new GenericContainer(images.postgres)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2));
  await withContainer(minio, objectStore);
  await withContainer(postgres, database);
}
