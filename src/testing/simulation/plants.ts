// Bugs that the simulation must find: each is one small change of the shipped source, named by the mutant of docs/ha-protocol.md §8,
// with the faults that bring it to light soonest. Of the other mutants most are caught by a second line of the protocol (a prevote, the
// watchdog), or need a finer order of events than chance hits upon: those are the model's.
import type { Fault, FaultKind } from './fault.ts';
import type { Plant } from './interpose.ts';
import type { Mode } from './modes.ts';

export interface PlantedBug extends Plant {
  readonly name: string;
  readonly instances: 2 | 3;
  readonly mode?: Mode;
  /** Whether an operator runs. */
  readonly operated?: boolean;
  readonly faults: readonly Fault[];
  /** What is seen of it. */
  readonly shows: RegExp;
}

const fault = (kind: FaultKind, target: number, at: number, lasts: number, other = 3): Fault => ({
  ...{ kind, at: at * 1000, lasts: lasts * 1000 },
  ...{ target: `sim-${target}`, other: `sim-${other}` },
});
const cutBoth = (one: number, two: number, at: number, lasts: number): Fault =>
  fault('cut-both-ways', one, at, lasts, two);
const changeTo = (other: Mode, at: number, lasts: number): Fault => ({ ...fault('change-set', 1, at, lasts), other });
const lost = /what was acknowledged is kept|no conflicting acknowledgement/;
const twoWriters = /no two accept writes at once|one writer of a timeline/;

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'M1: a primary takes itself for fresh for longer than others wait',
    file: 'src/instance/ha/core/core.ts',
    find: /Math\.max\(core\.memory\.freshUntil \?\? 0, until\)/,
    replace: 'Math.max(core.memory.freshUntil ?? 0, until + 8000)',
    mode: 'async',
    instances: 3,
    faults: [fault('isolate', 1, 4, 12)],
    shows: twoWriters,
  },
  {
    name: 'M2: the lease is taken early',
    file: 'src/instance/ha/core/lease-store.ts',
    find: /this\.#options\.clock\(\) - this\.#observed\.since/,
    replace: '5 * (this.#options.clock() - this.#observed.since)',
    mode: 'async',
    instances: 2,
    faults: [fault('isolate', 1, 4, 8)],
    shows: twoWriters,
  },
  {
    name: 'M4: an absent lease is a free one',
    file: 'src/instance/ha/core/core.ts',
    find: /return 'absent';/,
    replace: "return 'released';",
    mode: 'async',
    instances: 3,
    faults: [fault('isolate', 1, 4, 8), fault('delete-lease', 1, 4.1, 1)],
    shows: twoWriters,
  },
  {
    name: 'M8: what is promised is not synced',
    file: 'src/util/files.ts',
    find: /await handle\.writeFile\(content\);\s*await handle\.sync\(\);/,
    replace: 'await handle.writeFile(content);',
    instances: 3,
    faults: [fault('power-loss', 1, 4, 1), fault('power-loss', 2, 8, 1)],
    shows: /does not run|nobody serves|does not stream/,
  },
  {
    name: 'M24: whoever says to be primary is followed, without a look at the history',
    file: 'state-machines/protocol/history.ts',
    find: /return left !== undefined && position\.lsn <= left\.end;/,
    replace: 'return true;',
    instances: 3,
    faults: [fault('isolate', 1, 4, 8)],
    shows: /who streams is on the history/,
  },
  {
    name: 'M28: the hold of any peer suffices',
    file: 'src/instance/ha/fence.ts',
    find: /answers\.every\(/,
    replace: 'answers.some(',
    mode: 'async',
    instances: 3,
    faults: [fault('api-cut-off', 1, 4, 14), fault('cut-both-ways', 1, 4, 14), fault('cut-both-ways', 2, 4, 14)],
    shows: twoWriters,
  },
  // The second has what the third, cut off from the primary, has not.
  {
    name: 'M10: a promise is given to one who is behind',
    file: 'state-machines/voter/voter.ts',
    find: /if \(comparePositions\(candidate, facts\.position\) < 0\)/,
    replace: 'if (candidate.lsn < 0n)',
    mode: 'any',
    instances: 3,
    faults: [cutBoth(1, 3, 4, 20), fault('api-cut-off', 2, 5.5, 14), fault('power-loss', 1, 6, 16)],
    shows: lost,
  },
  {
    name: 'M12: an LSN orders logs without its timeline',
    file: 'state-machines/protocol/position.ts',
    find: /if \(a\.timeline !== b\.timeline\) return/,
    replace: 'if (a.timeline < 0) return',
    mode: 'any',
    instances: 3,
    faults: [fault('isolate', 1, 4, 3.3), cutBoth(1, 2, 4, 40), fault('power-loss', 2, 7.2, 25)],
    shows: lost,
  },
  {
    name: 'M13: a quorum of promises is one too small',
    file: 'state-machines/protocol/quorum.ts',
    find: /size\(configuration\) - configuration\.number \+ 1/,
    replace: 'size(configuration) - configuration.number',
    mode: 'any',
    instances: 3,
    faults: [cutBoth(1, 3, 4, 20), fault('power-loss', 1, 5.5, 16), fault('power-loss', 2, 5.6, 16)],
    shows: lost,
  },
  // Two are waited for, then one: what only the second has is not safe before the API server knows of it, which it does not.
  {
    name: 'M20: a set is in effect before it is published',
    file: 'src/instance/ha/synchronous/names.ts',
    find: /if \(mine && newest && newest\.number > 0\) return/,
    replace: 'if (mine && newest && newest.number < 0) return',
    mode: 'any 2',
    instances: 3,
    faults: [
      ...[changeTo('any', 4, 20), fault('api-down', 1, 4.03, 4), cutBoth(1, 3, 4.1, 20)],
      ...[fault('power-loss', 1, 5.8, 16), fault('power-loss', 2, 5.8, 16)],
    ],
    shows: lost,
  },
  {
    name: 'M22: an older set is forgotten without a barrier',
    file: 'src/instance/ha/synchronous/set.ts',
    find: /flushed\.length >= newest\.number/,
    replace: 'true',
    mode: 'any',
    instances: 3,
    faults: [
      // The third's walsender is given up after five seconds.
      ...[cutBoth(1, 3, 4, 30), changeTo('any 2', 4.3, 25)],
      ...[fault('power-loss', 1, 11, 16), fault('power-loss', 2, 11, 16)],
    ],
    shows: lost,
  },
  {
    name: 'rule 22: a set without names lets everybody go on',
    file: 'state-machines/synchronous/target.ts',
    find: /if \(target\.mode === 'sync' && names\.length === 0\) names\.push/,
    replace: 'if (names.length < 0) names.push',
    mode: 'any',
    instances: 2,
    faults: [cutBoth(1, 2, 1.45, 20), fault('power-loss', 1, 1.7, 16)],
    shows: lost,
  },
  // What waited is seen after a restart in place, and nobody else has it.
  {
    name: 'rule 23: clients are let in at once after a crash',
    file: 'src/instance/ha/synchronous/doorkeeper.ts',
    find: /this\.#shut = !this\.#decide\(\)\.open;/,
    replace: 'this.#shut = false;',
    mode: 'any',
    instances: 3,
    faults: [
      ...[cutBoth(1, 2, 4, 2.5), cutBoth(1, 3, 4, 2.5), fault('kill-postgres', 1, 4.4, 1)],
      fault('power-loss', 1, 6.4, 16),
    ],
    shows: lost,
  },
  // A reconciliation waits two seconds for the status of the third; meanwhile somebody wishes for the second.
  {
    name: 'operator: a target is written without the version that it was decided on',
    file: 'src/operator/cluster/write-status.ts',
    find: /metadata: \{ resourceVersion \},\s*status: \{ targetPrimary/,
    replace: 'status: { targetPrimary',
    instances: 3,
    operated: true,
    faults: [fault('power-loss', 3, 4, 12), fault('switchover', 3, 4.05, 1), fault('switchover', 2, 6.03, 1)],
    shows: /an older wish does not come back/,
  },
  // The primary cannot take it from the list.
  {
    name: 'operator: an instance is removed before it has left the list of members',
    file: 'src/operator/cluster/phases/remove-instances.ts',
    find: /if \(isListed\(world, name\)\)/,
    replace: "if (isListed(world, ''))",
    mode: 'any',
    instances: 3,
    operated: true,
    faults: [fault('api-cut-off', 1, 4, 12), fault('scale-down', 3, 4.2, 8)],
    shows: /no volume goes that is counted on/,
  },
];
