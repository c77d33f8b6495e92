import type { Lease } from '../../kube/objects.ts';

/** How long each node's lease has not changed, by our own clock: clocks of others and of the past do not matter. */
export class LeaseAges {
  readonly #seen = new Map<string, { renewTime: string; at: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds since the last change that we saw; 0 for a lease that is new to us. */
  silentFor(node: string, lease: Lease | undefined): number {
    const renewTime = String(lease?.spec?.renewTime ?? '');
    const known = this.#seen.get(node);
    if (known?.renewTime === renewTime) return this.#now() - known.at;
    this.#seen.set(node, { renewTime, at: this.#now() });
    return 0;
  }
}
