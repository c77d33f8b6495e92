// Which life of an instance's data directory the sets in a lease count on, which of them may be given up, and which one comes into the
// next set (rules 19, 20 and 28 of docs/ha-protocol.md). Pure, so that the model asks the same.
import { sameMember } from '../protocol/position.ts';
import { size } from '../protocol/quorum.ts';
import type { Configuration, Member } from '../protocol/types.ts';

/** The sets in force, the newest last. */
export interface Listed {
  readonly configurations: readonly Configuration[];
}

/** Whether commits, or an election, may still count on this life of a directory (rule 28). */
export const inForce = ({ configurations }: Listed, member: Member): boolean =>
  configurations.some(
    ({ number, names, owner }) => number > 0 && [...names, owner].some((one) => sameMember(one, member)),
  );

/**
 * Whether this life of a directory, which cannot follow the primary as it is, may be given up: no set in force counts on it (rule 28); or
 * the newest could acknowledge nothing without it, so that no set without it would ever pass its barrier (ADR 13, 28); or it is given up
 * already, by a rewind that was begun and has not ended. It never acknowledged anything of this primary's, and what it holds of its
 * predecessors' that counts the primary has as well: that was asked of it when it was elected.
 */
export function dispensable(listed: Listed, member: Member, unfinished: boolean): boolean {
  if (unfinished || !inForce(listed, member)) return true;
  const newest = listed.configurations.at(-1);
  if (!newest) return false;
  const named = newest.names.some((name) => sameMember(name, member));
  return size(newest) - (named ? 1 : 0) < newest.number;
}

/** Another life of this instance's directory is a name in a configuration that is listed: it must leave before this one may come. */
export const namedOtherwise = ({ configurations }: Listed, { instance, incarnation }: Member): boolean =>
  configurations.some(
    ({ number, names }) =>
      number > 0 && names.some((name) => name.instance === instance && name.incarnation !== incarnation),
  );

/**
 * Whether a life may come into the next set although another of its instance is named in one that is listed: where no set without the
 * instance would ever be in force, and where the newest set has too few names to acknowledge anything, so that its barrier would wait
 * for ever and keep all older ones listed (ADR 21).
 */
export function replaces({ configurations }: Listed, { instance, incarnation }: Member): boolean {
  const newest = configurations.at(-1);
  if (newest && size(newest) < newest.number) return true;
  return configurations.every(
    (one) =>
      one.number === 0 ||
      size(one) - 1 < one.number ||
      !one.names.some((name) => name.instance === instance && name.incarnation !== incarnation),
  );
}

/**
 * The life of an instance that is a name of the next set, or undefined: none. `present` is the one that the lease lists, `comes` one that
 * asked to be listed; that the one before it had asked to leave says nothing of it.
 */
export function nextLife(
  listed: Listed,
  present: Member,
  { comes, leaves }: { readonly comes: Member | undefined; readonly leaves: boolean },
): Member | undefined {
  if (comes && comes.incarnation !== present.incarnation) return replaces(listed, comes) ? comes : undefined;
  return leaves ? undefined : present;
}
