// What one side assigns, the other can reach. The operator assigns by fencing, by naming a target and by the lease; the instance
// manager must then have a rule that does it, from whatever it sees, and must be able to say the facts that the operator waits for.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FailoverAction, failoverRows } from './failover/machine.ts';
import type { InstanceFacts } from './instance/facts.ts';
import { type InstanceState, decide } from './instance/machine.ts';
import { electionRows } from './election/machine.ts';
import { promotionRows } from './promotion/machine.ts';
import { rejoinRows } from './rejoin/machine.ts';
import { type SwitchoverAction, switchoverRows } from './switchover/machine.ts';
import { setRows } from './synchronous/machine.ts';

const running: InstanceFacts = {
  terminating: false,
  cluster: 'seen',
  fenced: false,
  named: 'self',
  data: 'valid',
  programs: true,
  certificates: true,
  postgres: 'up',
  foreign: false,
  role: 'primary',
  diverged: false,
  diskFull: false,
  backingOff: false,
  configurationStale: false,
  restartDue: false,
  releasing: false,
  halfPromoted: false,
};
const stopped = { postgres: 'down' } as const;

interface Assignment {
  /** What the order changes in what the instance sees. */
  readonly sees: Partial<InstanceFacts>;
  readonly does: InstanceState;
  /** Afterwards, when postgres is down. */
  readonly endsAs: InstanceState;
}
/** Every order of the operator that an instance has to carry out; the others change labels, status and poolers. */
const assignments: Partial<Record<FailoverAction['type'] | SwitchoverAction['type'], Assignment>> = {
  'fence-others': { sees: { fenced: true }, does: 'stopping', endsAs: 'fenced' },
  'order-stop': { sees: { named: 'other' }, does: 'stopping', endsAs: 'waiting' },
  'order-return': { sees: { named: 'self', ...stopped }, does: 'starting', endsAs: 'starting' },
  'unfence-others': { sees: { fenced: false, ...stopped }, does: 'starting', endsAs: 'starting' },
};
const ownWork = [
  'stay',
  'unfence-others',
  'set-labels',
  'adopt-holder',
  'note-failing',
  'forget-failing',
  'set-phase',
  'report',
  'refuse',
  'order',
  'pause-poolers',
  'resume-poolers',
  'close-order',
];

test.each(Object.entries(assignments))('%s is carried out', (_, { sees, does, endsAs }) => {
  expect(decide(undefined, { ...running, ...sees }).state).toBe(does);
  expect(decide(undefined, { ...running, ...stopped, ...sees }).state).toBe(endsAs);
});

test('every action of the operator is an order to an instance or its own work', () => {
  const actions = [...failoverRows, ...switchoverRows].map(({ action }) => action.type);
  expect(actions.filter((type) => !(type in assignments) && !ownWork.includes(type))).toEqual([]);
});

test('fencing is carried out whatever else the instance sees, but its end', () => {
  const change = fc.record({
    cluster: fc.constantFrom('unknown', 'copy', 'seen'),
    named: fc.constantFrom('self', 'other', 'nobody'),
    role: fc.constantFrom('primary', 'standby', 'unknown'),
    postgres: fc.constantFrom('starting', 'up', 'stopping'),
    configurationStale: fc.boolean(),
    restartDue: fc.boolean(),
  });
  fc.assert(
    fc.property(change, (facts) => {
      expect(decide(undefined, { ...running, ...facts, fenced: true }).action).toMatchObject({
        type: 'stop',
        why: 'fencing',
      });
    }),
  );
});

test('what the machines of one instance wait for, another of its machines can bring about', () => {
  const types = (rows: readonly { action: { type: string } }[]): Set<string> =>
    new Set(rows.map(({ action }) => action.type));
  // [who waits, for which action, whose]
  const needs: [string, string, Set<string>][] = [
    ['promotion: elected', 'claim', types(electionRows)],
    ['synchronous: leads', 'write-status', types(promotionRows)],
    ['election: member', 'publish', types(setRows)],
    ['rejoin: not in force', 'retire-older', types(setRows)],
    ['synchronous: barrier passed', 'connect', types(rejoinRows)],
  ];
  for (const [who, action, machine] of needs) expect([who, machine.has(action)]).toEqual([who, true]);
});
