import { backOffMs, sleep } from '../../../kube/back-off.ts';
import { isConflict, isInvalid, isNotFound } from '../../../kube/errors.ts';
import type { KubeApi } from '../../../kube/port.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { Log } from './context.ts';
import { podName, type Pod, type PodStatus } from '../model/types.ts';

const gatherMs = 20;
const callMs = 10_000;
const backOff = { initialMs: 200, maxMs: 5_000 };

/** Writes one pod's status: the newest only, one call at a time, again and again while the API server is down. */
export class StatusWriter {
  readonly #api: KubeApi;
  readonly #pod: Pod;
  readonly #log: Log;
  readonly #closed = new AbortController();
  #wanted: PodStatus | undefined;
  #written = '';
  #work: Promise<void> | undefined;

  constructor(api: KubeApi, pod: Pod, log: Log) {
    this.#api = api;
    this.#pod = pod;
    this.#log = log;
  }

  publish(status: PodStatus): void {
    this.#wanted = status;
    this.#work ??= this.#run().finally(() => (this.#work = undefined));
  }

  /** Somebody else has changed what we wrote: the next `publish` writes in any case. */
  overwritten(): void {
    this.#written = '';
  }

  /** Resolves when the newest status is written, or cannot be for a final reason. */
  async settled(): Promise<void> {
    while (this.#work) await this.#work;
  }

  close(): void {
    this.#closed.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    await sleep(gatherMs, signal);
    for (let attempt = 0; this.#wanted && !signal.aborted;) {
      const status = this.#wanted;
      this.#wanted = undefined;
      const text = JSON.stringify(status);
      if (text === this.#written) continue;
      try {
        await this.#write(status);
        this.#written = text;
        attempt = 0;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        this.#log.warn({ pod: podName(this.#pod), error: String(error) }, 'pod status not written');
        if (isInvalid(error)) return;
        this.#wanted ??= status;
        await sleep(backOffMs(attempt++, backOff), signal);
      }
    }
  }

  /** The uid makes it a conflict when another pod has taken the name. */
  async #write(status: PodStatus): Promise<void> {
    const { name, namespace, uid } = this.#pod.metadata;
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(callMs)]);
    await this.#api.patchStatus(resource.pods, { namespace, name }, { metadata: { uid }, status }, { signal });
  }
}
