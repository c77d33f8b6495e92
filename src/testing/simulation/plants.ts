// Bugs that the simulation must find: each is one small change of the shipped source, named by the mutant of docs/ha-protocol.md §8.
import type { Plant } from './interpose.ts';

export interface PlantedBug extends Plant {
  readonly name: string;
  /** What is seen of it. */
  readonly shows: RegExp;
}

const twoWriters = /no two accept writes at once|one writer of a timeline/;

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'M1: a renewal that was refused counts',
    file: 'src/instance/ha/fence.ts',
    find: /if \(outcome !== 'done'\) return;/,
    replace: '',
    shows: twoWriters,
  },
  {
    name: 'M2: the lease is taken early',
    file: 'state-machines/election/machine.ts',
    find: /f\.unchangedFor < f\.patience/,
    replace: 'f.unchangedFor * 5 < f.patience',
    shows: twoWriters,
  },
  {
    name: 'M4: an absent lease is a free one',
    file: 'src/instance/ha/core.ts',
    find: /if \(!record\) return 'absent';/,
    replace: "if (!record) return 'released';",
    shows: twoWriters,
  },
  {
    name: 'M8: what is promised is not synced',
    file: 'src/instance/files.ts',
    find: /await handle\.writeFile\(content\);\s*await handle\.sync\(\);/,
    replace: 'await handle.writeFile(content);',
    shows: /./,
  },
  {
    name: 'M24: whoever says to be primary is followed, without a look at the history',
    file: 'state-machines/protocol/history.ts',
    find: /return left !== undefined && position\.lsn <= left\.end;/,
    replace: 'return true;',
    shows: /who streams is on the history/,
  },
  {
    name: 'M25: PostgreSQL chooses its timeline',
    file: 'src/instance/ha/history-files.ts',
    find: /number < epoch/,
    replace: 'number < 0',
    shows: /./,
  },
  {
    name: 'M28: the hold of any peer suffices',
    file: 'src/instance/ha/fence.ts',
    find: /answers\.every\(/,
    replace: 'answers.some(',
    shows: twoWriters,
  },
  {
    name: 'M29: a hold does not keep from standing',
    file: 'state-machines/election/machine.ts',
    find: /const held = [^;]+;/,
    replace: 'const held = (f: ElectionFacts): boolean => f.now < 0;',
    shows: twoWriters,
  },
  {
    name: 'M30: the lease is given back before PostgreSQL has stopped',
    file: 'src/instance/ha/planned.ts',
    find: / \|\| postgresRole\(this\.#core\) !== 'down'/,
    replace: '',
    shows: twoWriters,
  },
];
