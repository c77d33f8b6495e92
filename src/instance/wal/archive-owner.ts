import { Joined } from '../../util/joined.ts';
import type { Archive } from './archive-source.ts';
import { type ArchiveWriter, type OwnerMarker, readMarker, takeOwnership } from './ownership.ts';

export interface ArchiveOwnerDeps {
  /** PGDATA. */
  readonly dataDirectory: string;
  readonly systemIdentifier: () => Promise<string>;
  readonly skipEmptyCheck: () => boolean;
  /** Undefined while this instance leads no epoch. */
  readonly writer: () => ArchiveWriter | undefined;
  /** Milliseconds for which an answer of the archive is good. */
  readonly lookAgain?: number;
}

const defaultLookAgain = 30_000;

interface Known {
  readonly archive: Archive;
  readonly epoch: number | undefined;
  readonly at: number;
}

/** Whether the archive is ours to write to: asked at first, at each change of the epoch, and from time to time. */
export class ArchiveOwner {
  readonly #deps: ArchiveOwnerDeps;
  #owned: Known | undefined;
  readonly #owning = new Joined<void>();
  #lookedAt = -Infinity;
  #epoch: number | undefined;

  constructor(deps: ArchiveOwnerDeps) {
    this.#deps = deps;
  }

  /** The highest epoch that was seen in the archive; undefined while none is known (rule 7). */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** It was ours when it was asked last. */
  owned(archive: Archive): boolean {
    return this.#owned?.archive === archive;
  }

  /** Throws NotOwnedError. */
  async own(archive: Archive, signal: AbortSignal): Promise<void> {
    const known = this.#owned;
    const { dataDirectory, systemIdentifier, skipEmptyCheck, writer, lookAgain = defaultLookAgain } = this.#deps;
    const epoch = writer()?.epoch;
    if (known?.archive === archive && known.epoch === epoch && performance.now() - known.at < lookAgain) return;
    await this.#owning.run([archive, epoch], signal, async () => {
      const by = writer();
      const check = { archive, dataDirectory, systemIdentifier: await systemIdentifier(), writer: by };
      const at = performance.now();
      this.#saw(await takeOwnership({ ...check, skipEmptyCheck: skipEmptyCheck() }, signal));
      this.#owned = { archive, epoch: by?.epoch, at };
    });
  }

  /** Of a standby: only reads. */
  async look(archive: Archive, signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#lookedAt < (this.#deps.lookAgain ?? defaultLookAgain)) return;
    this.#lookedAt = performance.now();
    const marker = await readMarker(archive, signal);
    if (marker && marker.systemIdentifier === (await this.#deps.systemIdentifier())) this.#saw(marker);
  }

  #saw({ epoch }: OwnerMarker): void {
    if (epoch !== undefined) this.#epoch = Math.max(this.#epoch ?? 0, epoch);
  }
}
