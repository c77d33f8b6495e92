// How the Lease object carries the protocol's record: as JSON in an annotation, with the fields of its spec kept for people and tools.
import type { Configuration, LeaseRecord, LeaseTiming } from '../../../../state-machines/protocol/types.ts';
import type { Lease } from '../../../kube/objects.ts';
import { annotation } from '../../../labels.ts';

/** What a compare-and-swap sets. */
export type LeaseContent = Omit<StoredRecord, 'uid' | 'version'>;

/** How the holder of an epoch gave the lease back; stays until the next one does. */
export interface Departure {
  readonly epoch: number;
  readonly instance: string;
  readonly why: 'switchover' | 'termination' | 'restart';
  /** Times by the holder's clock, ISO 8601. */
  readonly since: string;
  readonly stopped: string;
  /** Where its log ended, if it was shut down cleanly: where the shutdown's checkpoint begins, and on which timeline. */
  readonly lsn?: string;
  readonly timeline?: number;
}

/** With what PostgreSQL's setting needs beyond the quorum: how the names are ordered, and how many of the external ones stand first. */
export interface StoredConfiguration extends Configuration {
  readonly method: 'any' | 'first';
  readonly leading: number;
}

export interface StoredRecord extends LeaseRecord {
  readonly configurations: readonly StoredConfiguration[];
  /** What only a released lease says: the member that a switchover is for. Others leave it two seconds. */
  readonly successor?: string;
  readonly departure?: Departure;
}

export const emptyContent = (clusterUid: string, systemIdentifier: string): LeaseContent => ({
  clusterUid,
  systemIdentifier,
  epoch: 0,
  configurations: [],
  members: [],
});

/** What is kept of a record when it is written anew. */
export function contentOf({ uid: _uid, version: _version, ...content }: StoredRecord): LeaseContent {
  return content;
}

/** The record; of a lease that nobody has ever claimed 'blank'. Throws when the annotation is not ours. */
export function decodeLease({ metadata }: Lease): StoredRecord | 'blank' {
  const text = metadata?.annotations?.[annotation.lease];
  if (text === undefined || text === '') return 'blank';
  const content = JSON.parse(text) as Partial<LeaseContent>;
  if (typeof content.epoch !== 'number' || !Array.isArray(content.members) || !Array.isArray(content.configurations)) {
    throw new Error(`the annotation ${annotation.lease} of the lease cannot be read`);
  }
  return { ...(content as LeaseContent), uid: metadata?.uid ?? '', version: metadata?.resourceVersion ?? '' };
}

/** Tells one write from another, also when they set the same. */
export const nonceOf = ({ metadata }: Lease): string | undefined => metadata?.annotations?.[annotation.leaseWrite];

export interface Stamp {
  readonly nonce: string;
  readonly now: Date;
  readonly timing: LeaseTiming;
}

const micro = (date: Date): string => date.toISOString().replace('Z', '000Z');

/** The object that replaces `before`. */
export function encodeLease(before: Lease, content: LeaseContent, { nonce, now, timing }: Stamp): Lease {
  const holder = content.holder?.instance ?? '';
  const { spec } = before;
  const same = spec?.holderIdentity === holder;
  const transitions = spec?.leaseTransitions ?? 0;
  return {
    ...before,
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...before.metadata,
      annotations: {
        ...before.metadata?.annotations,
        [annotation.lease]: JSON.stringify(content),
        [annotation.leaseWrite]: nonce,
      },
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: holder === '' ? 1 : timing.duration,
      acquireTime: same && spec?.acquireTime !== undefined ? spec.acquireTime : micro(now),
      renewTime: micro(now),
      leaseTransitions: same || holder === '' ? transitions : transitions + 1,
    },
  };
}
