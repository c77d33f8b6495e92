import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a manager tells the one that replaces it while postgres runs on. */
export interface Life {
  /** On the boot clock, milliseconds: until when the primary may serve. */
  readonly freshUntil?: number;
  /** synchronous_standby_names as it was last rendered. */
  readonly names?: string;
  /** Clients are kept out of the running postgres (rule 23): whether it crashed before its start, and since when it is up, on the boot clock. */
  readonly shut?: { readonly crashed: boolean; readonly upSince?: number } | undefined;
  /** Whom the running standby was allowed to follow. */
  readonly follow?: {
    readonly postmaster: number;
    readonly instance: string;
    readonly incarnation: string;
    readonly ip: string;
    readonly epoch: number;
    /** It streams under its instance's own name (rule 20). */
    readonly admitted?: boolean;
  };
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Beside the supervisor's files; of no worth after the machine was started anew. */
export class LifeFile {
  readonly #file: string;
  #current: Life;

  constructor(supervisorDirectory: string) {
    this.#file = path.join(path.dirname(supervisorDirectory), 'ha-life.json');
    this.#current = this.#load();
  }

  #load(): Life {
    try {
      const { boot, ...life } = JSON.parse(readFileSync(this.#file, 'utf8')) as Life & { boot: string };
      return boot === bootId() ? life : {};
    } catch {
      return {};
    }
  }

  get current(): Life {
    return this.#current;
  }

  set(life: Life): void {
    if (JSON.stringify(life) === JSON.stringify(this.#current)) return;
    writeFileSync(`${this.#file}.new`, JSON.stringify({ boot: bootId(), ...life }), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
    this.#current = life;
  }
}
