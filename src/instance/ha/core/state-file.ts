import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { PersistedState } from '../../../../state-machines/protocol/types.ts';
import { readFileIfThere, replaceFile } from '../../../util/files.ts';

/** What may be said of it: a key that is undefined is taken away. */
export type StateChange = { readonly [Key in keyof PersistedState]?: PersistedState[Key] | undefined };

const name = 'ha.json';

/** ha.json on the data volume: read once, and on disk before anybody hears of a change. */
export class StateFile {
  readonly #file: string;
  #current: PersistedState;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(file: string, current: PersistedState) {
    this.#file = file;
    this.#current = current;
  }

  /** Opens it; makes it, with a new incarnation, where there is none. A file that cannot be read is an error: what it promised is lost. */
  static async open(directory: string, clusterUid: string, systemIdentifier: string): Promise<StateFile> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = path.join(directory, name);
    const text = await readFileIfThere(file);
    if (text !== undefined) {
      const state = JSON.parse(text) as PersistedState;
      if (state.systemIdentifier === systemIdentifier) return new StateFile(file, state);
    }
    const state: PersistedState = {
      clusterUid,
      systemIdentifier,
      incarnation: randomUUID(),
      promised: 0,
      ownsLog: false,
      configurationVersion: 0,
      configurationEpoch: 0,
    };
    await replaceFile(file, JSON.stringify(state));
    return new StateFile(file, state);
  }

  get current(): PersistedState {
    return this.#current;
  }

  /** Resolves when it is on disk; changes take turns. What was promised is never taken back, whoever thought it lower. */
  update(change: StateChange): Promise<void> {
    const done = this.#turn.then(async () => {
      const next = Object.fromEntries(
        Object.entries({
          ...this.#current,
          ...change,
          promised: Math.max(this.#current.promised, change.promised ?? 0),
        }).filter(([, value]) => value !== undefined),
      ) as unknown as PersistedState;
      if (JSON.stringify(next) === JSON.stringify(this.#current)) return;
      await replaceFile(this.#file, JSON.stringify(next));
      this.#current = next;
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
