// What can go wrong, as a script has it.
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export const faultKinds = [
  'kill-postgres',
  'kill-manager',
  'stop-manager',
  'stop-postgres',
  'stop-machine',
  'power-loss',
  'restart-container',
  'api-down',
  'api-cut-off',
  'api-lost-answers',
  'watches-silent',
  'watches-break',
  'cut-one-way',
  'cut-both-ways',
  'isolate',
  'messages-lost',
  'slow-disk',
  'broken-disk',
  'delete-lease',
  'switchover',
  'change-set',
  'lose-volume',
  'scale-down',
] as const;

/** Of runs with an operator. */
export const operatorFaultKinds = [
  'kill-operator',
  'freeze-operator',
  'cut-operator-off',
  'deafen-operator',
  'delete-pod',
  'delete-volume',
  'switchover',
] as const;
export type FaultKind = (typeof faultKinds)[number] | (typeof operatorFaultKinds)[number];

/** Milliseconds of true time. */
export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly lasts: number;
  readonly target: string;
  readonly other: string;
}

export type Act = (world: World, machine: Machine, fault: Fault) => unknown;

export interface FaultWindow {
  readonly from: number;
  readonly to: number;
  readonly most: number;
}
