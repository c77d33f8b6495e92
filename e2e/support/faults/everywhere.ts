import type { Compared, Inserted } from '../checker/acknowledged.ts';
import { instancePods } from '../cluster.ts';
import type { Platform } from '../platform.ts';
import { connect } from '../sql.ts';
import { waitFor } from '../wait.ts';
import { lostAndFound } from '../write-load.ts';

export interface Place {
  readonly platform: Platform;
  readonly namespace: string;
  readonly cluster: string;
}

/** Throws when rows are there that nobody sent, or more than once. */
function refuseSurplus(instance: string, table: string, { twice, unknown }: Compared): void {
  if (twice.length + unknown.length > 0) {
    throw new Error(`${table} on ${instance}: ${twice.length} rows twice, ${unknown.length} that nobody sent`);
  }
}

/** The acknowledged rows that are gone; the same ones on every instance, once each has caught up with the primary. */
export async function lostEverywhere(place: Place, inserted: Inserted, table: string): Promise<number[]> {
  const { platform, namespace, cluster } = place;
  const read = async (to: 'rw' | { instance: string }): Promise<Compared> => {
    await using session = await connect(platform.api, { namespace, cluster, to });
    return await lostAndFound(session, inserted, table);
  };
  // A service may lead nowhere for a moment: it is by samples that a server counts as ready, and one may fall into the fault.
  const primary = await waitFor(`the rows of ${table}`, () => read('rw'));
  refuseSurplus('the primary', table, primary);
  for (const { metadata } of await instancePods(platform.api, namespace, cluster)) {
    const instance = metadata?.name ?? '';
    const same = async (): Promise<true | undefined> => {
      const copy = await read({ instance });
      // A standby may have to catch up; what nobody sent does not go away.
      return copy.lost.length === primary.lost.length ? (refuseSurplus(instance, table, copy), true) : undefined;
    };
    await waitFor(`the same rows of ${table} on ${instance}`, same, { timeout: 120_000 });
  }
  return primary.lost;
}
