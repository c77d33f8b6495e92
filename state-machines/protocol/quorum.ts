import { sameMember } from './position.ts';
import type { Configuration, GrantedPromise, Member } from './types.ts';

/** N: names that hold data under this configuration, external ones included (§1). */
export const size = (configuration: Configuration): number =>
  configuration.names.length + configuration.external.length;

/** R = N − W + 1: so many of the names together hold every commit that W of them have acknowledged (§1). */
export const readQuorum = (configuration: Configuration): number => size(configuration) - configuration.number + 1;

/**
 * Whether these promises suffice for a claim under one configuration: R of its names given by the incarnations that it names, or
 * the one of its owner that has stopped with the whole log (rule 13), or that was never promoted under it and after this promise
 * never will be: its timeline is older than the configuration, so nothing was ever acknowledged by it. (The model finds a dead end
 * without this: claimed, restarted, promised to another before it read its lease, and a third one lost.) An asynchronous
 * configuration asks for none: there the lease's expiry decides.
 */
export function satisfies(configuration: Configuration, promises: readonly GrantedPromise[]): boolean {
  if (configuration.number === 0) return true;
  const owner = promises.find((given) => sameMember(given.member, configuration.owner));
  if (owner && (owner.ownsLog || owner.position.timeline < configuration.epoch)) return true;
  const given = configuration.names.filter((name) => promises.some((promise) => sameMember(promise.member, name)));
  return given.length >= readQuorum(configuration);
}

/** Rule 13 against every configuration that is in the lease at the moment of the claim; the missing one, or undefined. */
export const unsatisfied = (
  configurations: readonly Configuration[],
  promises: readonly GrantedPromise[],
): Configuration | undefined => configurations.find((configuration) => !satisfies(configuration, promises));

/**
 * Whether promises of these members could suffice, whatever their logs are: a candidacy that lacks others begins in vain, uses up an
 * epoch and cuts who stands off from the primary.
 */
export const inReach = (configurations: readonly Configuration[], members: readonly Member[]): boolean =>
  unsatisfied(
    configurations,
    members.map((member) => ({ member, epoch: 0, position: { timeline: 0, lsn: 0n }, ownsLog: true })),
  ) === undefined;
