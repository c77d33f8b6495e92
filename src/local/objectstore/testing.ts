import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { secondImplementation, startSecondServer } from './testing-second.ts';
import { openObjectStore } from './run.ts';

export interface TestObjectStore extends AsyncDisposable {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly dataDir: string;
}

/** A store for tests on a free port, its data in a directory that goes with it. */
export async function startObjectStore(
  options: {
    readonly address?: string;
    readonly port?: number;
    /** A directory that stays, for a store that is started again. */
    readonly dataDir?: string;
    readonly buckets?: readonly string[];
  } = {},
): Promise<TestObjectStore> {
  const { address = '127.0.0.1', port = 0, buckets = [] } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'howdah-s3-')));
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
  const program = secondImplementation();
  const asked = { dataDir, address, port, credentials, buckets };
  const running = await (program === undefined ? openObjectStore(asked) : startSecondServer({ ...asked, program }));
  return {
    endpoint: running.endpoint,
    ...credentials,
    dataDir,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
