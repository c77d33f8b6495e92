import { existsSync } from 'node:fs';
import type { NodeContext } from './context.ts';
import { errorMessage } from './error-message.ts';
import { mountVolume } from '../volumes/mount.ts';
import { isProjection } from '../volumes/sources.ts';
import type { PodFacts } from '../model/downward.ts';
import type { PodRecord } from '../model/records.ts';
import type { Volume } from '../model/types.ts';

/** The volumes of one pod. Where they are is in the record. */
export class PodVolumes {
  readonly #context: NodeContext;
  readonly #record: PodRecord;
  #refresh: NodeJS.Timeout | undefined;
  /** The refresh that runs now, or ran last. */
  #refreshing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(context: NodeContext, record: PodRecord) {
    this.#context = context;
    this.#record = record;
  }

  get directories(): string[] {
    return Object.values(this.#record.volumes);
  }

  /** Makes all volumes ready; resolves to why one is not. What was mounted before needs no API server again. */
  async mount(): Promise<string | undefined> {
    for (const volume of this.#volumes) {
      const known = this.#record.volumes[volume.name];
      if (known !== undefined && !volume.emptyDir && existsSync(known)) continue;
      try {
        this.#record.volumes[volume.name] = await mountVolume(this.#context.mounter, this.#facts(), volume);
      } catch (error) {
        return `MountVolume.SetUp failed for volume "${volume.name}" : ${errorMessage(error)}`;
      }
    }
    this.refreshFromNowOn();
    return undefined;
  }

  /** Secrets, ConfigMaps and tokens are compared from time to time. What fails is tried again the next time: the old files stay. */
  refreshFromNowOn(): void {
    if (this.#refresh || this.#closed || !this.#volumes.some(isProjection)) return;
    const next = (): void => {
      this.#refresh = setTimeout(() => {
        this.#refreshing = turn();
      }, this.#context.refreshMs);
    };
    const turn = async (): Promise<void> => {
      for (const volume of this.#volumes.filter(isProjection)) {
        if (!this.#closed) await mountVolume(this.#context.mounter, this.#facts(), volume).catch(() => undefined);
      }
      if (!this.#closed) next();
    };
    next();
  }

  /** Ends the refresh; resolves when none is at work any more, which would make the directory of a pod again that is removed. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refresh);
    return this.#refreshing;
  }

  get #volumes(): readonly Volume[] {
    return this.#record.pod.spec.volumes ?? [];
  }

  #facts(): PodFacts {
    return { pod: this.#record.pod, podIp: this.#record.ip, node: this.#context.facts };
  }
}
