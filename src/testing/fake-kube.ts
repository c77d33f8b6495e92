// A stand-in for the API server where a test needs one object or two: get, list, watch, create, replace (refused when another came
// first) and merge patch over HTTPS, in memory, without authentication. What depends on the server's own behaviour is tested against the embedded one.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { KubeObject } from '../kube/types.ts';
import { createAuthority, issueCertificate } from '../pki/x509.ts';

type Json = Record<string, unknown>;
type Stored = KubeObject & Json;

export interface FakeKube extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  /** Adds or replaces; `plural` as in URLs. */
  put(plural: string, object: KubeObject): void;
  get<T extends KubeObject>(plural: string, namespace: string, name: string): T | undefined;
  /** Merge-patches, as a user would. */
  patch(plural: string, namespace: string, name: string, patch: Json): void;
  /** While true every request is cut off. */
  down: boolean;
}

interface Watcher {
  readonly plural: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly response: ServerResponse;
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Json);
}

class Store {
  readonly objects = new Map<string, Stored>();
  readonly watchers = new Set<Watcher>();
  #version = 1;

  get version(): string {
    return String(this.#version);
  }

  put(plural: string, object: Stored): Stored {
    const key = `${plural}/${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
    const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.#version += 1;
    const stored: Stored = {
      ...object,
      metadata: { uid: `uid-${this.#version}`, ...object.metadata, resourceVersion: this.version },
    };
    this.objects.set(key, stored);
    for (const { plural: watched, namespace, name, response } of this.watchers) {
      if (watched !== plural || namespace !== (object.metadata?.namespace ?? '')) continue;
      if (name === undefined || name === object.metadata?.name)
        response.write(`${JSON.stringify({ type, object: stored })}\n`);
    }
    return stored;
  }
}

const path = /^\/apis?\/(?:[^/]+\/)?v1\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?(\/status)?$/;

async function answer(store: Store, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://kube');
  const [, namespace = '', plural = '', name] = path.exec(url.pathname) ?? [];
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const selected = /^metadata\.name=(.*)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  if (url.searchParams.get('watch')) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watcher = { plural, namespace, name: selected, response };
    const since = Number(url.searchParams.get('resourceVersion') ?? store.version);
    for (const [id, object] of store.objects) {
      const listed =
        id.startsWith(`${plural}/${namespace}/`) && (selected ?? object.metadata?.name) === object.metadata?.name;
      const newer = Number(object.metadata?.resourceVersion) > since;
      if (listed && newer) response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    }
    store.watchers.add(watcher);
    response.on('close', () => store.watchers.delete(watcher));
    return;
  }
  const key = `${plural}/${namespace}/${name ?? ''}`;
  const found = store.objects.get(key);
  if (request.method === 'GET' && name === undefined) {
    const items = [...store.objects]
      .filter(
        ([id, object]) =>
          id.startsWith(`${plural}/${namespace}/`) && (selected ?? object.metadata?.name) === object.metadata?.name,
      )
      .map(([, object]) => object);
    return send(200, { metadata: { resourceVersion: store.version }, items });
  }
  if (request.method === 'POST') return send(201, store.put(plural, await bodyOf(request)));
  if (!found)
    return send(404, { kind: 'Status', code: 404, reason: 'NotFound', message: `${plural} "${name}" not found` });
  if (request.method === 'GET') return send(200, found);
  const body = (await bodyOf(request)) as Stored;
  // What is there is looked at after the body has come: another change may be done in between.
  const now = store.objects.get(key);
  const { resourceVersion = now?.metadata?.resourceVersion } = body.metadata ?? {};
  if (resourceVersion !== now?.metadata?.resourceVersion) {
    return send(409, {
      kind: 'Status',
      code: 409,
      reason: 'Conflict',
      message: `${plural} "${name}" has been changed`,
    });
  }
  if (request.method === 'PUT') return send(200, store.put(plural, body));
  if (request.method === 'PATCH') return send(200, store.put(plural, merge(now, body) as Stored));
  return send(405, { kind: 'Status', code: 405 });
}

export async function fakeKube(host = '127.0.0.1'): Promise<FakeKube> {
  const now = new Date();
  const authority = await createAuthority('test', 1, now);
  const leaf = await issueCertificate(authority, {
    commonName: 'kubernetes',
    ipAddresses: [host],
    usages: ['server'],
    days: 1,
    now,
  });
  const store = new Store();
  const state = { down: false };
  const server = createServer({ cert: leaf.certificate, key: leaf.key }, (request, response) => {
    if (state.down) return void request.socket.destroy();
    answer(store, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    url: `https://${host}:${address.port}`,
    host,
    port: address.port,
    ca: authority.certificate,
    get down() {
      return state.down;
    },
    set down(value) {
      state.down = value;
      if (value) for (const { response } of store.watchers) response.destroy();
    },
    put: (plural, object) => void store.put(plural, object as Stored),
    get: <T extends KubeObject>(plural: string, namespace: string, name: string) =>
      store.objects.get(`${plural}/${namespace}/${name}`) as T | undefined,
    patch(plural, namespace, name, patch) {
      store.put(plural, merge(store.objects.get(`${plural}/${namespace}/${name}`), patch) as Stored);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
