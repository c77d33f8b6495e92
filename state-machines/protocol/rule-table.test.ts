import { expect, test } from '@jest/globals';
import { type AnyStateMachine, initialTransition } from 'xstate';
import { type Row, ruleTable } from './rule-table.ts';

interface Tank {
  readonly level: number;
}
type Do = { readonly type: 'fill' | 'stay' };
const rows: readonly Row<Tank, 'empty' | 'half', Do>[] = [
  { rule: 'nearly-empty', when: ({ level }) => level < 3, state: 'empty', action: { type: 'fill' } },
  { rule: 'enough', when: ({ level }) => level < 5, state: 'half', action: { type: 'stay' } },
];
const tank = ruleTable<Tank, 'empty' | 'half', Do>('tank', 'half', rows);

test('the first row that matches decides, and its rule goes with the action', () => {
  expect(tank.decide({ level: 2 })).toEqual({ state: 'empty', action: { type: 'fill', rule: 'nearly-empty' } });
  expect(tank.decide({ level: 3 })).toEqual({ state: 'half', action: { type: 'stay', rule: 'enough' } });
});

test('facts that no row matches are an error that names the machine and them', () => {
  expect(() => tank.decide({ level: 5 })).toThrow('no rule of the tank machine matches {"level":5}');
});

test('what is drawn is the table that decides', () => {
  expect([tank.id, tank.rows]).toEqual(['tank', rows]);
  const machine = tank.machine as AnyStateMachine;
  expect(machine.id).toBe('tank');
  expect(Object.keys(machine.states).sort()).toEqual(['empty', 'half']);
  expect(initialTransition(machine)[0].value).toBe('half');
});
