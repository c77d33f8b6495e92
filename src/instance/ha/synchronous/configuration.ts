// The list of configurations in the lease: what is asked of it and what is put into it. Pure.
import { sameMember } from '../../../../state-machines/protocol/position.ts';
import type { LeaseMember, Member } from '../../../../state-machines/protocol/types.ts';
import { inForce, namedOtherwise } from '../../../../state-machines/synchronous/lives.ts';
import { type Standby, standbyNames, type SynchronousTarget } from '../../../../state-machines/synchronous/target.ts';
import type { StoredConfiguration, StoredRecord } from '../core/lease-record.ts';

type Listed = Pick<StoredRecord, 'configurations' | 'members'>;

/** Synchronous only when every configuration in force is: in the other, nobody knows what was acknowledged (§1, rule 5). */
export const modeOf = ({ configurations }: Pick<StoredRecord, 'configurations'>): 'sync' | 'async' =>
  configurations.length > 0 && configurations.every(({ number }) => number > 0) ? 'sync' : 'async';

export const anySynchronous = ({ configurations }: Pick<StoredRecord, 'configurations'>): boolean =>
  configurations.some(({ number }) => number > 0);

const nextVersion = ({ configurations }: Pick<StoredRecord, 'configurations'>): number =>
  1 + Math.max(0, ...configurations.map(({ version }) => version));

const unversioned = (
  target: SynchronousTarget,
  quorum: boolean,
  owner: Member,
  epoch: number,
): Omit<StoredConfiguration, 'version'> => ({
  epoch,
  owner: { instance: owner.instance, incarnation: owner.incarnation },
  names: target.names.map(({ instance, incarnation }) => ({ instance, incarnation })),
  external: [...target.pre, ...target.post],
  number: quorum && target.mode === 'sync' ? target.number : 0,
  method: target.method,
  leading: target.pre.length,
});

export interface Wish {
  readonly target: SynchronousTarget;
  readonly quorum: boolean;
}

/** The configuration of `owner` in `epoch`, after those that are listed. */
export const configurationFor = (
  { target, quorum }: Wish,
  record: Pick<StoredRecord, 'configurations'>,
  owner: Member,
  epoch: number,
): StoredConfiguration => ({ version: nextVersion(record), ...unversioned(target, quorum, owner, epoch) });

const sameNames = (a: readonly Member[], b: readonly Member[], ordered: boolean): boolean =>
  a.length === b.length &&
  a.every((one, at) =>
    ordered ? b[at] !== undefined && sameMember(one, b[at]) : b.some((two) => sameMember(one, two)),
  );

/** Whether the newest configuration says what is wished for. Without a quorum only that counts: the names are nobody else's concern. */
export function isWished(newest: StoredConfiguration | undefined, wanted: StoredConfiguration): boolean {
  if (!newest) return wanted.number === 0;
  if (newest.number === 0 && wanted.number === 0) return true;
  return (
    newest.number === wanted.number &&
    newest.method === wanted.method &&
    newest.leading === wanted.leading &&
    newest.external.join('\0') === wanted.external.join('\0') &&
    sameMember(newest.owner, wanted.owner) &&
    sameNames(newest.names, wanted.names, wanted.method === 'first')
  );
}

/**
 * (a) of rule 19. An empty list means asynchronous so far: that is put into it first, since it stays in force until the barrier, as
 * any other does.
 */
export function withConfiguration(
  configurations: readonly StoredConfiguration[],
  wanted: StoredConfiguration,
): readonly StoredConfiguration[] {
  if (configurations.length > 0) return [...configurations, { ...wanted, version: nextVersion({ configurations }) }];
  const before: StoredConfiguration = { ...wanted, version: 1, names: [], external: [], number: 0, leading: 0 };
  return [before, { ...wanted, version: 2 }];
}

/** The value of synchronous_standby_names that a configuration means. */
export function namesSetting(configuration: StoredConfiguration, cluster: string): string {
  const { external, leading, names, method, number } = configuration;
  const listed = names.map((name): Standby => ({ ...name, healthy: true, failureDomain: 'other' }));
  const [pre, post] = [external.slice(0, leading), external.slice(leading)];
  return standbyNames({ mode: 'sync', method, number, names: listed, pre, post }, cluster);
}

/** The members with those of a new configuration that have asked to be some. */
export function membersWith(
  members: readonly LeaseMember[],
  names: readonly Member[],
  joining: ReadonlyMap<string, LeaseMember>,
): LeaseMember[] {
  const admitted = names.flatMap((name) => {
    const member = joining.get(name.instance);
    return member && sameMember(member, name) ? [member] : [];
  });
  return [...members.filter(({ instance }) => !admitted.some((one) => one.instance === instance)), ...admitted];
}

/**
 * The members after this write: those that asked to be in it and may (rule 20), and of those that are no instances any more only the
 * ones that a configuration still names.
 */
export function membersAfter(
  record: Listed,
  self: LeaseMember,
  joining: Iterable<LeaseMember>,
  instances: readonly string[],
): LeaseMember[] {
  const listed = new Map(record.members.map((member) => [member.instance, member]));
  for (const member of joining) if (!namedOtherwise(record, member)) listed.set(member.instance, member);
  listed.set(self.instance, self);
  const wanted = (member: LeaseMember): boolean =>
    member.instance === self.instance ||
    instances.length === 0 ||
    instances.includes(member.instance) ||
    inForce(record, member);
  return [...listed.values()].filter(wanted);
}
