import { realpath, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DiskForecast, type DiskSample, forecast, remember } from '../../../state-machines/disk/forecast.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { InstancePaths } from '../../paths.ts';

/** A volume as the status and the metrics tell of it. */
export interface VolumeReport extends DiskForecast {
  /** PG_DATA, PG_WAL, or the name of a tablespace. */
  readonly volume: string;
}

export interface DiskWatchDeps {
  /** Directories by the name of their volume, the most important first; those that are not there are left out. */
  readonly directories: () => Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly sample?: (directory: string) => Promise<{ size: number; free: number }>;
}

const everyMs = 10_000;

/** The volumes of an instance. */
export const volumesOf = (paths: InstancePaths, cluster: Cluster | undefined): Record<string, string> => ({
  PG_DATA: path.dirname(paths.data),
  PG_WAL: path.join(paths.data, 'pg_wal'),
  ...Object.fromEntries(
    (cluster?.spec.tablespaces ?? []).map(({ name }) => [name, path.join(paths.tablespaces, name)]),
  ),
});

async function sampleDirectory(directory: string): Promise<{ size: number; free: number }> {
  const { bavail, blocks, bfree, bsize } = await statfs(directory);
  // What is kept for root cannot be written to by PostgreSQL: it is not part of the volume.
  return { size: (blocks - bfree + bavail) * bsize, free: bavail * bsize };
}

/** Looks at the volumes every ten seconds. Only tells: nothing is refused or stopped for it, so it cannot be in the way of its own cure. */
export class DiskWatch {
  readonly #deps: DiskWatchDeps;
  readonly #seen = new Map<string, { samples: DiskSample[]; report: DiskForecast }>();

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
  }

  get volumes(): readonly VolumeReport[] {
    return [...this.#seen].map(([volume, { report }]) => ({ volume, ...report }));
  }

  async look(): Promise<void> {
    const { directories, now = () => performance.now(), sample = sampleDirectory } = this.#deps;
    const devices = new Set<number>();
    const present = new Set<string>();
    for (const [volume, directory] of Object.entries(directories())) {
      const found = await realpath(directory)
        .then(async (real) => ({ device: (await stat(real)).dev, ...(await sample(real)) }))
        .catch(() => undefined);
      // Two directories on one volume fill it together.
      if (!found || devices.has(found.device)) continue;
      devices.add(found.device);
      present.add(volume);
      const { device: _, ...room } = found;
      const before = this.#seen.get(volume);
      const size =
        before && Math.abs(before.report.size - room.size) < room.size / 1000 ? before.report.size : room.size;
      const samples = remember(before?.samples ?? [], { at: now(), size, free: room.free });
      this.#seen.set(volume, { samples, report: forecast(samples, before?.report.low ?? false) });
    }
    for (const volume of this.#seen.keys()) if (!present.has(volume)) this.#seen.delete(volume);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
