import { readFileSync, renameSync, writeFileSync } from 'node:fs';

function lastUsed(file: string): number {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { last?: number }).last ?? 0;
  } catch {
    return 0;
  }
}

/**
 * Addresses of one node's pods, `<network>.1` to `<network>.254`, handed out in turn so that an address is not in use again soon after
 * its pod has gone: a client that still knows it must not reach somebody else.
 */
export class AddressPool {
  readonly #network: string;
  readonly #file: string;
  readonly #used = new Set<string>();
  #last: number;

  constructor(network: string, file: string) {
    this.#network = network;
    this.#file = file;
    this.#last = lastUsed(file);
  }

  /** An address that a pod on disk already has. */
  keep(address: string): void {
    this.#used.add(address);
  }

  take(): string {
    for (let tried = 0; tried < 254; tried++) {
      this.#last = (this.#last % 254) + 1;
      const address = `${this.#network}.${this.#last}`;
      if (this.#used.has(address)) continue;
      this.#used.add(address);
      writeFileSync(`${this.#file}.new`, JSON.stringify({ last: this.#last }));
      renameSync(`${this.#file}.new`, this.#file);
      return address;
    }
    throw new Error(`all 254 addresses of ${this.#network}.0/24 are in use`);
  }

  release(address: string): void {
    this.#used.delete(address);
  }
}
