import type { KubeApi } from '../../../kube/port.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { KubeObject } from '../../../kube/types.ts';
import type { Pod } from '../model/types.ts';

export interface EventSink {
  normal(pod: Pod, reason: string, message: string, container?: string): void;
  warning(pod: Pod, reason: string, message: string, container?: string): void;
}

interface CoreEvent extends KubeObject {
  count?: number;
}

interface Entry {
  name: string;
  count: number;
  readonly key: string;
}

const keptEntries = 500;
const callMs = 5_000;

/** Events on pods. One that is repeated is counted, not written anew. An event that cannot be written is given up: it is only news. */
export class PodEvents implements EventSink {
  readonly #api: KubeApi;
  readonly #node: string;
  readonly #known = new Map<string, Entry>();
  #queue: Promise<void> = Promise.resolve();

  constructor(api: KubeApi, node: string) {
    this.#api = api;
    this.#node = node;
  }

  normal(pod: Pod, reason: string, message: string, container?: string): void {
    this.#emit('Normal', pod, reason, message, container);
  }

  warning(pod: Pod, reason: string, message: string, container?: string): void {
    this.#emit('Warning', pod, reason, message, container);
  }

  /** Resolves when everything emitted so far is written or given up. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  #emit(type: string, pod: Pod, reason: string, message: string, container: string | undefined): void {
    this.#queue = this.#queue.then(() => this.#write(type, pod, reason, message, container).catch(() => undefined));
  }

  async #write(type: string, pod: Pod, reason: string, message: string, container?: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const key = [uid, reason, container, message].join('\0');
    const time = new Date().toISOString();
    const options = { signal: AbortSignal.timeout(callMs) };
    const known = this.#known.get(key);
    if (known) {
      known.count += 1;
      const change = { count: known.count, lastTimestamp: time };
      await this.#api.patch(resource.events, { namespace, name: known.name }, change, options);
      return;
    }
    const entry = {
      name: `${name}.${Date.now().toString(16)}${Math.random().toString(16).slice(2, 8)}`,
      count: 1,
      key,
    };
    await this.#api.create<CoreEvent & Record<string, unknown>>(
      resource.events,
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: entry.name, namespace },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name,
          namespace,
          uid,
          ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
        },
        type,
        reason,
        message,
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
        source: { component: 'kubelet', host: this.#node },
        reportingComponent: 'kubelet',
        reportingInstance: this.#node,
      },
      options,
    );
    this.#known.set(key, entry);
    const oldest = this.#known.keys().next();
    if (this.#known.size > keptEntries && !oldest.done) this.#known.delete(oldest.value);
  }
}
