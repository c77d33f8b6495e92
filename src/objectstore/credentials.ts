import type { Credentials } from './sigv4.ts';

export interface ExpiringCredentials extends Credentials {
  /** Absent: they do not expire. */
  readonly expiration?: Date;
}

/** What requests are signed with. */
export interface CredentialSource {
  get(): Promise<Credentials>;
  /** The store says that those last given are over. False when there are no others to be had. */
  forget(): boolean;
}

export const fixedCredentials = (credentials: Credentials): CredentialSource => ({
  get: () => Promise.resolve(credentials),
  forget: () => false,
});

/** Before their end, in milliseconds, new ones are asked for; half of their life when that is less. */
const earliest = 300_000;
/** Between two tries while the old ones are still good. */
const pause = 10_000;

interface Held {
  readonly credentials: ExpiringCredentials;
  readonly renewAt: number;
}

/** Keeps credentials that expire, and has new ones ready before: nobody waits for them but the first. */
export class RenewedCredentials implements CredentialSource {
  readonly #load: () => Promise<ExpiringCredentials>;
  readonly #now: () => number;
  #held: Held | undefined;
  #loading: Promise<Held> | undefined;
  #tryFrom = 0;

  /** `now` in milliseconds of wall time, of which expirations are. */
  constructor(load: () => Promise<ExpiringCredentials>, now: () => number = Date.now) {
    this.#load = load;
    this.#now = now;
  }

  async get(): Promise<Credentials> {
    const held = this.#held;
    const now = this.#now();
    if (held && now < held.renewAt) return held.credentials;
    if (!held || now >= (held.credentials.expiration?.getTime() ?? Infinity)) return (await this.#renew()).credentials;
    if (now >= this.#tryFrom) {
      this.#tryFrom = now + pause;
      // The old ones are good; a failure is told when they are not any more.
      this.#renew().catch(() => undefined);
    }
    return held.credentials;
  }

  forget(): boolean {
    this.#held = undefined;
    return true;
  }

  #renew(): Promise<Held> {
    this.#loading ??= this.#ask().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #ask(): Promise<Held> {
    const credentials = await this.#load();
    const end = credentials.expiration?.getTime() ?? Infinity;
    const renewAt = end - Math.min(earliest, Math.max(0, end - this.#now()) / 2);
    this.#held = { credentials, renewAt };
    return this.#held;
  }
}
