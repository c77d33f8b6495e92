import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { LeaseMember, Position } from '../../../../state-machines/protocol/types.ts';
import { formatLsn } from '../../../postgres/lsn.ts';
import { readFileIfThere, replaceFile } from '../../../util/files.ts';
import type { StoredRecord } from './lease-record.ts';

/** In the order in which they happen; those of the old primary are told by its own clock. */
export type RoleChangeStep = 'last-renewal' | 'requested' | 'stopped' | 'claimed' | 'promoting' | 'promoted' | 'routed';

/** How one change of the primary went, as the new primary saw it. For people: nothing is decided by it. */
export interface RoleChange {
  readonly epoch: number;
  readonly from?: string;
  readonly to: string;
  readonly cause: 'Bootstrap' | 'Switchover' | 'PodTermination' | 'Restart' | 'Failover';
  /** Where the old primary's log ended; only one that said goodbye can tell. */
  readonly shutdownLSN?: string;
  /** Where the new timeline begins. */
  readonly promoteLSN?: string;
  readonly steps: readonly { readonly name: RoleChangeStep; readonly time: string }[];
}

const causes = { switchover: 'Switchover', termination: 'PodTermination', restart: 'Restart' } as const;
const fileName = 'role-change.json';
const before = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString();

/** What is known of the beginning when a claim is sent. */
export function beginning(
  to: string,
  record: StoredRecord | undefined,
  unchangedFor: number,
): Omit<RoleChange, 'epoch'> {
  if (!record) return { to, cause: 'Bootstrap', steps: [] };
  const { departure, holder, epoch } = record;
  if (departure?.epoch === epoch && !holder) {
    const { instance, why, since, stopped, lsn } = departure;
    return {
      ...{ from: instance, to, cause: causes[why] },
      ...(lsn === undefined ? {} : { shutdownLSN: lsn }),
      steps: [
        { name: 'requested', time: since },
        { name: 'stopped', time: stopped },
      ],
    };
  }
  return {
    ...(holder === undefined ? {} : { from: holder.instance }),
    ...{ to, cause: 'Failover', steps: [{ name: 'last-renewal', time: before(unchangedFor) }] },
  };
}

/** Notes of the change of primary that brought this instance the role; the last one is kept on the data volume. */
export class Chronicle {
  readonly #file: string;
  #begun: Omit<RoleChange, 'epoch'> | undefined;
  #current: RoleChange | undefined;
  #written: Promise<unknown> = Promise.resolve();

  private constructor(file: string, current: RoleChange | undefined) {
    this.#file = file;
    this.#current = current;
  }

  /** A file that cannot be read is no reason not to start: it only tells a story. */
  static async open(directory: string): Promise<Chronicle> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = path.join(directory, fileName);
    const text = await readFileIfThere(file).catch(() => undefined);
    try {
      return new Chronicle(file, text === undefined ? undefined : (JSON.parse(text) as RoleChange));
    } catch {
      return new Chronicle(file, undefined);
    }
  }

  /** Of the last change in favour of this instance. */
  get current(): RoleChange | undefined {
    return this.#current;
  }

  claiming(self: LeaseMember, record: StoredRecord | undefined, unchangedFor: number): void {
    this.#begun = beginning(self.instance, record, unchangedFor);
  }

  claimed(epoch: number): void {
    if (!this.#begun) return;
    this.#current = { epoch, ...this.#begun };
    this.#begun = undefined;
    this.step('claimed');
  }

  step(name: RoleChangeStep, position?: Position): void {
    const { current } = this;
    if (!current || current.steps.some((step) => step.name === name)) return;
    this.#current = {
      ...current,
      ...(position === undefined ? {} : { promoteLSN: formatLsn(position.lsn) }),
      steps: [...current.steps, { name, time: before(0) }],
    };
    this.#save();
  }

  /** Nobody waits for it, and a disk that does not take it has other ways to be heard. */
  #save(): void {
    const text = JSON.stringify(this.#current);
    this.#written = this.#written.then(() => replaceFile(this.#file, text)).catch(() => undefined);
  }

  /** Resolves when everything noted so far is on disk, or was given up. */
  async saved(): Promise<void> {
    await this.#written;
  }
}
