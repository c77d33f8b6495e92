// Bugs that the simulation must find: each is one small change of the shipped source, named by the mutant of docs/ha-protocol.md §8,
// with the faults that bring it to light soonest. Of the other mutants most are caught by a second line of the protocol (a prevote, the
// watchdog), or need a finer order of events than chance hits upon: those are the model's.
import type { Fault, FaultKind } from './faults.ts';
import type { Plant } from './interpose.ts';

export interface PlantedBug extends Plant {
  readonly name: string;
  readonly instances: 2 | 3;
  readonly faults: readonly Fault[];
  /** What is seen of it. */
  readonly shows: RegExp;
}

const fault = (kind: FaultKind, target: number, at: number, lasts: number, other = 3): Fault => ({
  ...{ kind, at: at * 1000, lasts: lasts * 1000 },
  ...{ target: `sim-${target}`, other: `sim-${other}` },
});
const twoWriters = /no two accept writes at once|one writer of a timeline/;

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'M1: a primary takes itself for fresh for longer than others wait',
    file: 'src/instance/ha/core.ts',
    find: /Math\.max\(core\.memory\.freshUntil \?\? 0, until\)/,
    replace: 'Math.max(core.memory.freshUntil ?? 0, until + 8000)',
    instances: 3,
    faults: [fault('isolate', 1, 4, 12)],
    shows: twoWriters,
  },
  {
    name: 'M2: the lease is taken early',
    file: 'src/instance/ha/lease-store.ts',
    find: /this\.#options\.clock\(\) - this\.#observed\.since/,
    replace: '5 * (this.#options.clock() - this.#observed.since)',
    instances: 2,
    faults: [fault('isolate', 1, 4, 8)],
    shows: twoWriters,
  },
  {
    name: 'M4: an absent lease is a free one',
    file: 'src/instance/ha/core.ts',
    find: /return 'absent';/,
    replace: "return 'released';",
    instances: 3,
    faults: [fault('isolate', 1, 4, 8), fault('delete-lease', 1, 4.1, 1)],
    shows: twoWriters,
  },
  {
    name: 'M8: what is promised is not synced',
    file: 'src/instance/files.ts',
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
    instances: 3,
    faults: [fault('api-cut-off', 1, 4, 14), fault('cut-both-ways', 1, 4, 14), fault('cut-both-ways', 2, 4, 14)],
    shows: twoWriters,
  },
];
