import { KubeError } from '../../kube/errors.ts';
import type { ApplyOptions, CallOptions, DeleteOptions, KubeApi } from '../../kube/port.ts';
import type {
  KubeObject,
  ListOptions,
  ListResult,
  ObjectKey,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from '../../kube/types.ts';
import { resource } from '../../kube/resource-types.ts';
import { ApiStore, type Change } from './api-store.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';
import { selects } from './selectors.ts';

interface Watcher {
  readonly process: Process;
  readonly concerns: (change: Change) => boolean;
  readonly take: (change: Change) => void;
  readonly fail: (error: Error) => void;
  /** Hears nothing, and does not know it yet. */
  silent: boolean;
}

/** Of the real client, for one try. */
const requestTimeoutMs = 30_000;
/** Of the real client: ten seconds without a packet, then ten probes that nobody answers, one a second. */
const keepAliveMs = 20_000;

const noAnswer = (why: string): KubeError => new KubeError(0, { reason: 'NoAnswer', message: why }, 'API');

/** The API server and the way to it, with its faults: not there, cut off from one machine, answers that are lost. */
export class ApiServer {
  readonly store: ApiStore;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #watchers = new Set<Watcher>();
  down = false;
  /** Machines that do not reach it. */
  readonly cutOff = new Set<string>();
  lostAnswers = 0;
  /** The version of everything when a home last read its Cluster. */
  readonly clusterReads = new Map<string, number>();

  constructor(scheduler: Scheduler, random: Random, onChange: (change: Change) => void) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.store = new ApiStore((change) => {
      onChange(change);
      for (const watcher of this.#watchers) this.#tell(watcher, change);
    });
  }

  #reaches(process: Process): boolean {
    return !this.down && !this.cutOff.has(process.home);
  }

  #tell(watcher: Watcher, change: Change): void {
    const attempt = (): void => {
      if (!this.#watchers.has(watcher) || watcher.silent || !watcher.process.alive) return;
      // What TCP holds back is delivered when the way is free again.
      if (!this.#reaches(watcher.process)) this.#scheduler.after(300, attempt);
      else this.#scheduler.after(0, () => watcher.take(change), watcher.process);
    };
    const delay = this.#random.between(0.5, 20);
    if (watcher.concerns(change)) this.#scheduler.after(delay, attempt);
  }

  /** Watches of this machine, or of all, break at once; or their connections are half open, until TCP notices. */
  disturbWatches(home: string | undefined, how: 'silence' | 'break'): void {
    for (const watcher of this.#watchers) {
      if (home !== undefined && watcher.process.home !== home) continue;
      watcher.silent ||= how === 'silence';
      const noticed = how === 'silence' ? keepAliveMs : 1;
      this.#scheduler.after(noticed, () => watcher.fail(noAnswer('the watch broke')), watcher.process);
    }
  }

  /** One request. A connection that breaks is tried again where that is safe, as the real client does. */
  #call<T>(options: CallOptions, idempotent: boolean, act: () => T, attempt = 0): Promise<T> {
    const process = this.#scheduler.current;
    if (!process) throw new Error('an API call from nowhere');
    const { signal } = options;
    return new Promise<T>((resolve, reject) => {
      const back = (run: () => void): void => {
        this.#scheduler.after(this.#random.between(0.3, 4), run, process);
      };
      const abort = (): void => reject(signal?.reason as Error);
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      const broken = (): void =>
        back(() => {
          if (!idempotent || attempt > 3 || signal?.aborted === true) return reject(noAnswer('ECONNRESET'));
          const again = (): void => void this.#call(options, idempotent, act, attempt + 1).then(resolve, reject);
          this.#scheduler.after(100 * 2 ** attempt, again, process);
        });
      // Some outages say so; in others what was sent is sent again and again, until somebody gives up.
      const patient = this.#random.chance(0.5);
      const arrive = (waited: number): void => {
        if (!this.#reaches(process)) {
          if (!patient || waited > requestTimeoutMs) broken();
          else this.#scheduler.after(200 + waited, () => arrive(200 + 2 * waited));
          return;
        }
        const done = this.#attempt(process, act);
        if (this.#random.chance(this.lostAnswers)) {
          if (this.#random.chance(0.5)) broken();
          else this.#scheduler.after(requestTimeoutMs, broken, process);
          return;
        }
        back(() => {
          signal?.removeEventListener('abort', abort);
          if (done instanceof Error) reject(done);
          else resolve(done.value);
        });
      };
      this.#scheduler.after(this.#random.between(0.3, 4), () => arrive(0));
    });
  }

  #attempt<T>({ home }: Process, act: () => T): { readonly value: T } | Error {
    this.store.actor = home;
    try {
      return { value: act() };
    } catch (error) {
      if (error instanceof KubeError) return error;
      throw error;
    } finally {
      this.store.actor = undefined;
    }
  }

  client(): KubeApi {
    const { store } = this;
    const call = <T>(options: CallOptions | undefined, act: () => unknown, idempotent = true): Promise<T> =>
      this.#call(options ?? {}, idempotent, act as () => T);
    return {
      get: async <T extends KubeObject>(type: ResourceType, key: ObjectKey, options?: CallOptions) =>
        (await call<T | null>(options, () => {
          if (type === resource.clusters) this.clusterReads.set(store.actor ?? '', store.version);
          return store.get(type, key) ?? null;
        })) ?? undefined,
      list: <T extends KubeObject>(type: ResourceType, options: ListOptions = {}) =>
        call<ListResult<T>>(options, () => ({
          items: store.list(type, options.namespace).filter((object) => selects(options, object)),
          resourceVersion: String(store.version),
        })),
      watch: <T extends KubeObject>(type: ResourceType, options: WatchOptions) => this.#watch<T>(type, options),
      create: (type, object, options) => call(options, () => store.create(type, object), false),
      replace: (type, object, options) => call(options, () => store.replace(type, object, 'all')),
      replaceStatus: (type, object, options) => call(options, () => store.replace(type, object, 'status')),
      patch: (type, key, patch, options) => call(options, () => store.patch(type, key, patch, 'all')),
      patchStatus: (type, key, patch, options) => call(options, () => store.patch(type, key, patch, 'status')),
      apply: (type, object, options: ApplyOptions) =>
        call(options, () => store.apply(type, object, 'all', options.fieldManager)),
      applyStatus: (type, object, options: ApplyOptions) =>
        call(options, () => store.apply(type, object, 'status', options.fieldManager)),
      delete: (type, key, options?: DeleteOptions) =>
        call(options, () => store.delete(type, key, options?.preconditions?.uid)),
      raw: () => Promise.reject(noAnswer('the simulated API server has no such path')),
    };
  }

  async *#watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const process = this.#scheduler.current;
    if (!process) throw new Error('a watch from nowhere');
    const { signal, resourceVersion = '0', namespace } = options;
    const waiting: Change[] = [];
    let failure: Error | undefined;
    let wake: (() => void) | undefined;
    const concerns = ({ plural, object }: Change): boolean =>
      plural === type.plural &&
      (namespace === undefined || object.metadata?.namespace === namespace) &&
      selects(options, object);
    const take = (change: Change): void => {
      waiting.push(change);
      wake?.();
    };
    const fail = (error: Error): void => {
      failure = error;
      wake?.();
    };
    await this.#call({ signal }, true, () => null);
    const watcher: Watcher = { process, concerns, take, fail, silent: false };
    waiting.push(
      ...this.store.changes.filter((change) => change.version > Number(resourceVersion) && concerns(change)),
    );
    this.#watchers.add(watcher);
    const abort = (): void => wake?.();
    signal.addEventListener('abort', abort, { once: true });
    try {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next) {
          yield { type: next.type, object: next.object as unknown as T };
          continue;
        }
        if (failure) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#watchers.delete(watcher);
      signal.removeEventListener('abort', abort);
    }
  }
}
