import { ApiError, statusBody } from '../model/errors.ts';
import type { Answer, ResponseStream } from '../http/answer.ts';
import { apiVersion } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import { encode } from '../storage/codec.ts';
import type { Change } from '../storage/store.ts';
import type { Obj } from '../model/types.ts';
import { metadataOnly, wantsMetadata } from '../table/metadata-only.ts';
import { tableOf, wantsTable } from './table.ts';
import { requestPredicate, type Predicate } from '../kinds/selectors.ts';
import { served } from './versions.ts';

const bookmarkEvery = 60_000;
const defaultTimeout = 30 * 60;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** What a change means to somebody who sees only what the predicate selects. */
function eventType(change: Change, predicate: Predicate | undefined): EventType | undefined {
  if (!predicate) return change.type;
  const before = change.previous !== undefined && predicate(change.previous);
  const after = change.type !== 'DELETED' && predicate(change.object);
  if (after) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}

class Watcher {
  readonly #call: Call;
  readonly #resource: Resource;
  readonly #out: ResponseStream;
  readonly #predicate: Predicate | undefined;
  readonly #namespace: string | undefined;

  constructor(call: Call, resource: Resource, out: ResponseStream) {
    this.#call = call;
    this.#resource = resource;
    this.#out = out;
    this.#predicate = requestPredicate(call.query, resource, call.info.name);
    this.#namespace = (resource.namespaced && call.info.namespace) || undefined;
  }

  /** False when the client is gone or too slow. */
  change(change: Change): boolean {
    const namespace = this.#namespace;
    if (change.resource !== this.#resource.storage) return true;
    if (namespace && change.object.metadata.namespace !== namespace) return true;
    const type = eventType(change, this.#predicate);
    return type === undefined || this.#send(type, change.object);
  }

  existing(): boolean {
    const { store } = this.#call.services;
    const entries = store.entriesAt(store.committed, this.#resource.storage, this.#namespace);
    return (entries ?? []).every(
      ([, object]) => (this.#predicate && !this.#predicate(object)) || this.#send('ADDED', object),
    );
  }

  bookmark(revision: number, annotations?: Record<string, string>): boolean {
    const { kind } = this.#resource;
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations && { annotations }),
    };
    const object = wantsTable(this.#call.accept)
      ? {
          kind: 'Table',
          apiVersion: 'meta.k8s.io/v1',
          metadata: { resourceVersion: String(revision) },
          columnDefinitions: null,
          rows: [],
        }
      : { kind, apiVersion: apiVersion(this.#resource), metadata };
    return this.#out.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  error(error: ApiError): boolean {
    return this.#out.write(`${JSON.stringify({ type: 'ERROR', object: statusBody(error) })}\n`);
  }

  #send(type: EventType, object: Obj): boolean {
    return this.#out.write(`{"type":"${type}","object":${this.#render(served(this.#resource, object))}}\n`);
  }

  #render(object: Obj): string {
    if (wantsTable(this.#call.accept)) {
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      return JSON.stringify(tableOf(this.#call, this.#resource, [object], metadata));
    }
    return encode(wantsMetadata(this.#call.accept) ? metadataOnly(object) : object);
  }
}

/** Streams changes until the client leaves, the time is over, or history is missing. */
export async function watch(call: Call, resource: Resource): Promise<Answer> {
  requestPredicate(call.query, resource, call.info.name);
  return { kind: 'stream', run: (out) => stream(call, resource, out) };
}

async function stream(call: Call, resource: Resource, out: ResponseStream): Promise<void> {
  const { store } = call.services;
  const watcher = new Watcher(call, resource, out);
  const from = call.query.get('resourceVersion') ?? '';
  const initial = call.query.get('sendInitialEvents') === 'true';
  const bookmarks = call.query.get('allowWatchBookmarks') === 'true';
  if (from === '' || from === '0' || initial) {
    if (!watcher.existing()) return;
    if (initial && bookmarks) watcher.bookmark(store.committed, { 'k8s.io/initial-events-end': 'true' });
  } else {
    const missed = store.since(Number(from));
    if (!missed) {
      watcher.error(new ApiError(410, 'Expired', `too old resource version: ${from} (${store.committed})`));
      return;
    }
    for (const change of missed) if (!watcher.change(change)) return;
  }
  await until(call, (stop) => {
    const unsubscribe = store.subscribe((changes) => {
      if (!changes.every((change) => watcher.change(change))) stop();
    });
    const ticker = setInterval(() => bookmarks && watcher.bookmark(store.committed), bookmarkEvery);
    return () => {
      unsubscribe();
      clearInterval(ticker);
    };
  });
  if (bookmarks && !call.signal.aborted) watcher.bookmark(store.committed);
}

/** Runs until the client's timeout, its departure, or `stop`. */
async function until(call: Call, start: (stop: () => void) => () => void): Promise<void> {
  const asked = Number(call.query.get('timeoutSeconds') ?? 0);
  const seconds = asked > 0 ? asked : defaultTimeout * (1 + Math.random());
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => done(), seconds * 1000);
    const release = start(() => done());
    const done = (): void => {
      clearTimeout(timer);
      release();
      call.signal.removeEventListener('abort', done);
      resolve();
    };
    call.signal.addEventListener('abort', done);
    if (call.signal.aborted) done();
  });
}
