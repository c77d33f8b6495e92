// Every decision machine that is a rule table, for drawings and for tests that hold all of them.
import { electionRows } from './election/machine.ts';
import { failoverRows } from './failover/machine.ts';
import { fenceRows } from './fence/machine.ts';
import { rows as instanceRows } from './instance/machine.ts';
import { promotionRows } from './promotion/machine.ts';
import { rejoinRows } from './rejoin/machine.ts';
import { switchoverRows } from './switchover/machine.ts';
import { setRows } from './synchronous/machine.ts';

/** What a drawing needs of a row. */
export interface DrawnRow {
  readonly rule: string;
  readonly state: string;
  readonly action: { readonly type: string };
}

export interface DrawnMachine {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly DrawnRow[];
}

export const machines: readonly DrawnMachine[] = [
  { id: 'instance', title: 'What the manager of one instance does with its postgres', rows: instanceRows },
  { id: 'fence', title: 'Whether this postgres may accept writes', rows: fenceRows },
  { id: 'election', title: 'The way of a standby to the lease', rows: electionRows },
  { id: 'promotion', title: 'From the won lease to the first write', rows: promotionRows },
  { id: 'synchronous', title: 'A change of the set of synchronous standbys', rows: setRows },
  { id: 'rejoin', title: 'How an instance gets to stream', rows: rejoinRows },
  { id: 'failover', title: 'What the operator does while instances elect', rows: failoverRows },
  { id: 'switchover', title: 'A planned change of the primary', rows: switchoverRows },
];
