import { expect, test } from '@jest/globals';
import { type Inventory, leaks } from './inventory.ts';

const first: Inventory = {
  operatorMiB: 120,
  managerMiB: 80,
  processes: 40,
  zombies: 0,
  files: 300,
  sockets: 60,
  operatorFiles: 30,
  slots: 6,
  walSegments: 12,
  pods: 3,
  jobs: 0,
  volumes: 3,
  secrets: 8,
  services: 3,
  leases: 1,
};

test('what stays, or grows within its bounds, is no leak', () => {
  expect(leaks(first, { ...first, operatorMiB: 150, sockets: 80, walSegments: 60, jobs: 0 })).toEqual([]);
});

test.each<[keyof Inventory, number, string]>([
  ['operatorMiB', 201, 'operatorMiB 201 of at most 200'],
  ['managerMiB', 121, 'managerMiB 121 of at most 120'],
  ['zombies', 1, 'zombies 1 of at most 0'],
  ['sockets', 91, 'sockets 91 of at most 90'],
  ['slots', 7, 'slots 7 of at most 6'],
  ['volumes', 4, 'volumes 4 of at most 3'],
  ['secrets', 9, 'secrets 9 of at most 8'],
  ['jobs', 1, 'jobs 1 of at most 0'],
])('one %s too many is said', (name, value, text) => {
  expect(leaks(first, { ...first, [name]: value })).toEqual([text]);
});
