import { errorMessage } from '../error-message.ts';
import type { NodeContext } from '../context.ts';
import { mountVolume, releaseVolumes } from '../volumes/mount.ts';
import { isProjection } from '../volumes/sources.ts';
import type { PodFacts } from './downward.ts';

/** The volumes of one pod. */
export class PodVolumes {
  /** Volume name → directory on the machine. Complete once `mount` has succeeded. */
  readonly paths = new Map<string, string>();
  readonly #context: NodeContext;
  readonly #facts: () => PodFacts;
  #refresh: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(context: NodeContext, facts: () => PodFacts) {
    this.#context = context;
    this.#facts = facts;
  }

  get directories(): string[] {
    return [...this.paths.values()];
  }

  /** Makes all volumes ready; resolves to why one is not. */
  async mount(): Promise<string | undefined> {
    const facts = this.#facts();
    for (const volume of facts.pod.spec.volumes ?? []) {
      try {
        this.paths.set(volume.name, await mountVolume(this.#context.mounter, facts, volume));
      } catch (error) {
        return `MountVolume.SetUp failed for volume "${volume.name}" : ${errorMessage(error)}`;
      }
    }
    this.refreshFromNowOn();
    return undefined;
  }

  /** Secrets, ConfigMaps and tokens are compared from time to time. What fails is tried again the next time: the old files stay. */
  refreshFromNowOn(): void {
    if (this.#refresh || this.#closed || !this.#facts().pod.spec.volumes?.some(isProjection)) return;
    const turn = async (): Promise<void> => {
      const facts = this.#facts();
      for (const volume of (facts.pod.spec.volumes ?? []).filter(isProjection)) {
        await mountVolume(this.#context.mounter, facts, volume).catch(() => undefined);
      }
      if (!this.#closed) this.#refresh = setTimeout(() => void turn(), this.#context.refreshMs);
    };
    this.#refresh = setTimeout(() => void turn(), this.#context.refreshMs);
  }

  /** Ends the refresh. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#refresh);
  }

  async remove(): Promise<void> {
    const { uid } = this.#facts().pod.metadata;
    await releaseVolumes(this.#context.directory, uid, this.#facts().pod.spec.volumes);
  }
}
