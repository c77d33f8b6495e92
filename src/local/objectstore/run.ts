import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { isBucketName } from './buckets.ts';
import type { ObjectServer } from './server.ts';
import { createObjectServer } from './server.ts';
import type { Credentials } from './signature.ts';
import type { Store } from './store.ts';
import { openStore } from './store.ts';

export interface ObjectStoreOptions {
  readonly dataDir: string;
  readonly address: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Absent: those of `<dataDir>/credentials.json`, made once. */
  readonly credentials?: Credentials;
  /** Made when they are not there. */
  readonly buckets?: readonly string[];
  /** PEM; default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log?: (line: string) => void;
  /** Its clock, milliseconds since 1970. */
  readonly now?: () => number;
}

/** A start that fails for a reason on this machine; the message is for its user. */
export class ObjectStoreStartError extends Error {}

export interface RunningObjectStore extends AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: Credentials;
}

/** Requests under way at a stop get this long. */
const drainMs = 5_000;

/** Serves until the signal comes. */
export async function runObjectStore(options: ObjectStoreOptions & { readonly signal: AbortSignal }): Promise<void> {
  const { signal, log = () => undefined } = options;
  await using running = await openObjectStore(options);
  log(`object store ready at ${running.endpoint}`);
  if (!signal.aborted) await once(signal, 'abort');
}

/** Resolves when requests are taken; disposing stops taking them, lets those under way end and closes the store. */
export async function openObjectStore(options: ObjectStoreOptions): Promise<RunningObjectStore> {
  const { dataDir, address, port, tls, log = () => undefined } = options;
  const store = await openDirectory(dataDir, options.now);
  try {
    const credentials = options.credentials ?? (await ownCredentials(dataDir));
    for (const bucket of options.buckets ?? []) await ensureBucket(store, bucket);
    const onError = (error: unknown): void => log(`request failed: ${String((error as Error).stack ?? error)}`);
    const objectServer = createObjectServer({ store, credentials, tls, onError });
    const { server } = objectServer;
    await listen(server, address, port);
    const endpoint = `${tls ? 'https' : 'http'}://${address}:${(server.address() as AddressInfo).port}`;
    return { endpoint, credentials, [Symbol.asyncDispose]: () => close(objectServer, store) };
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

async function openDirectory(dataDir: string, now: (() => number) | undefined): Promise<Store> {
  try {
    return await openStore(dataDir, now);
  } catch (error) {
    const { code, errcode, message } = error as { code?: string; errcode?: number; message: string };
    const inUse = errcode === sqliteBusy;
    const reason = inUse
      ? 'another process is using it'
      : code === undefined || code === 'ERR_SQLITE_ERROR'
        ? message
        : code;
    throw new ObjectStoreStartError(`object store: cannot open the data directory ${dataDir}: ${reason}`, {
      cause: error,
    });
  }
}

const sqliteBusy = 5;

async function ensureBucket(store: Store, bucket: string): Promise<void> {
  if (!isBucketName(bucket)) throw new ObjectStoreStartError(`object store: "${bucket}" is not a bucket name`);
  await store.change(() => ({ value: store.objects.addBucket(bucket, store.now()) }));
}

async function listen(server: Server, address: string, port: number): Promise<void> {
  server.listen(port, address);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = {
      EADDRINUSE: 'the port is in use',
      EADDRNOTAVAIL: 'this machine has no such address',
      EACCES: 'not permitted',
    };
    const text = reason[code as keyof typeof reason] ?? String(code);
    throw new ObjectStoreStartError(`object store: cannot listen on ${address}:${port}: ${text}`, { cause: error });
  }
}

async function close({ server, idle }: ObjectServer, store: Store): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection kept alive becomes idle when its request is done.
  const tick = setInterval(() => server.closeIdleConnections(), 20);
  const force = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(tick);
  clearTimeout(force);
  await idle();
  store[Symbol.dispose]();
}

async function ownCredentials(dataDir: string): Promise<Credentials> {
  const file = path.join(dataDir, 'credentials.json');
  const made: Credentials = {
    accessKeyId: `HOWDAH${randomBytes(7).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  try {
    await writeFile(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const { accessKeyId, secretAccessKey } = JSON.parse(await readFile(file, 'utf8')) as Partial<Credentials>;
  if (!accessKeyId || !secretAccessKey) throw new ObjectStoreStartError(`object store: ${file} holds no credentials`);
  return { accessKeyId, secretAccessKey };
}
