import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { KubeApi } from '../../kube/port.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import { readFileIfThere, replaceFile } from '../../util/files.ts';
import type { Logger } from '../log/logger.ts';

export interface ClusterSourceOptions {
  readonly kube: KubeApi;
  readonly namespace: string;
  readonly name: string;
  /** Where the last copy is kept, for a manager that starts while the API server does not answer. */
  readonly cacheFile: string;
  readonly log: Logger;
}

/** Milliseconds that the first list may take, and that each question instead of it may. */
const patience = 2000;
const askAgain = 200;

/** The Cluster as last seen: from the API server, else from the copy on disk. */
export class ClusterSource extends EventEmitter<{ change: [Cluster] }> {
  readonly #options: ClusterSourceOptions;
  #current: Cluster | undefined;
  #seen = false;
  #deleted = false;
  #unkept: Cluster | undefined;
  #keeping = false;

  constructor(options: ClusterSourceOptions) {
    super();
    this.#options = options;
  }

  get current(): Cluster | undefined {
    return this.#current;
  }

  /** Whether `current` came from the API server in this process' life. */
  get seen(): boolean {
    return this.#seen;
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  async loadCopy(): Promise<void> {
    const text = await readFileIfThere(this.#options.cacheFile).catch(() => undefined);
    if (text === undefined || this.#current !== undefined) return;
    try {
      this.#current = JSON.parse(text) as Cluster;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'The copy of the Cluster on disk is unusable');
    }
  }

  /** Follows the Cluster until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { kube, namespace, name, log } = this.#options;
    const reflector = new Reflector<Cluster>(kube, resource.clusters, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    reflector.on('change', (change) => {
      if (change.type === 'deleted') this.#deleted = true;
      else this.#take(change.object);
    });
    reflector.on('failed', (error) => log.warn({ err: error }, 'The API server does not let us follow the Cluster'));
    await Promise.all([reflector.run(signal), this.#ask(signal)]);
  }

  /** The answer to the first list may be lost, and no primary starts before it: what is not heard of soon is asked for again. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { kube, namespace, name } = this.#options;
    for (let wait = patience; !signal.aborted; wait = askAgain) {
      await delay(wait, undefined, { signal }).catch(() => undefined);
      if (this.#seen || signal.aborted) return;
      const asked = kube.get<Cluster>(
        resource.clusters,
        { namespace, name },
        { signal: AbortSignal.timeout(patience) },
      );
      const found = await asked.catch(() => undefined);
      if (found && !this.#seen) this.#take(found);
    }
  }

  #take(cluster: Cluster): void {
    this.#current = cluster;
    this.#seen = true;
    this.#deleted = false;
    this.emit('change', cluster);
    this.#unkept = cluster;
    if (!this.#keeping) void this.#keep();
  }

  /** One write at a time, and the last one is of what was seen last. */
  async #keep(): Promise<void> {
    const { cacheFile, log } = this.#options;
    this.#keeping = true;
    try {
      await mkdir(path.dirname(cacheFile), { recursive: true });
      for (let cluster = this.#unkept; cluster !== undefined; cluster = this.#unkept) {
        this.#unkept = undefined;
        await replaceFile(cacheFile, JSON.stringify(cluster));
      }
    } catch (error) {
      log.warn({ err: error }, 'The copy of the Cluster cannot be kept on disk');
    } finally {
      this.#keeping = false;
    }
  }
}
