import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKubeClient } from '../../src/kube/client.ts';
import { kubeconfigConnection } from '../../src/kube/kubeconfig.ts';
import type { KubeApi } from '../../src/kube/port.ts';

export interface ObjectStoreAccess {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A Kubernetes with the operator in it and an S3 store that its pods reach. A test does not know which engine it is on. */
export interface Platform extends AsyncDisposable {
  readonly engine: 'local' | 'kubernetes';
  readonly kubeconfig: string;
  readonly api: KubeApi;
  readonly objectStore: ObjectStoreAccess;
  /** PostgreSQL image of a major version. */
  image(major: number): string;
}

const root = path.resolve(import.meta.dirname, '../..');
const program = path.join(root, 'dist/howdah/bin/howdah');

/** Runs `howdah ARGS` to its end; throws with its output when the exit code is not 0. */
export function howdah(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      code === 0 ? resolve(output) : reject(new Error(`howdah ${args.join(' ')}: ${signal ?? code}\n${output}`)),
    );
  });
}

/** The embedded engine with three nodes, in a directory of its own that is deleted afterwards unless `keep`. */
export async function localPlatform({ keep = false, nodes = 3 } = {}): Promise<Platform & { readonly data: string }> {
  const parent = await mkdtemp(path.join(tmpdir(), 'howdah-'));
  // As root, PostgreSQL runs as somebody else, who must get through.
  await chmod(parent, 0o711);
  const data = path.join(parent, 'data');
  const remove = async (): Promise<void> => {
    await howdah('local', 'reset', '--data', data);
    await rm(path.dirname(data), { recursive: true, force: true });
  };
  try {
    await howdah('local', 'up', '--data', data, '--nodes', String(nodes));
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
  const kubeconfig = path.join(data, 'kubeconfig');
  const credentials = JSON.parse(await readFile(path.join(data, 's3-credentials.json'), 'utf8')) as ObjectStoreAccess;
  const api = createKubeClient(kubeconfigConnection(kubeconfig));
  return {
    engine: 'local',
    data,
    kubeconfig,
    api,
    objectStore: credentials,
    image: (major) => `ghcr.io/cloudnative-pg/postgresql:${major}`,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      if (!keep) await remove();
    },
  };
}

/** A Kubernetes that is there already, with the operator installed. */
export function kubernetesPlatform(
  kubeconfig: string,
  objectStore: ObjectStoreAccess,
  image: (major: number) => string,
): Platform {
  const api = createKubeClient(kubeconfigConnection(kubeconfig));
  return {
    engine: 'kubernetes',
    kubeconfig,
    api,
    objectStore,
    image,
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

/** Somebody's Kubernetes, as a user of the demo or the soak names it; the store's credentials come from the environment. */
export function remotePlatform(options: {
  kubeconfig: string;
  's3-endpoint'?: string | undefined;
  image: string;
}): Platform {
  const { kubeconfig, 's3-endpoint': endpoint, image } = options;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error('another Kubernetes needs --s3-endpoint, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  return kubernetesPlatform(kubeconfig, { endpoint, accessKeyId, secretAccessKey }, () => image);
}
