import { expect, test } from '@jest/globals';
import { isIsolated, type Surroundings } from './isolation.ts';

const cutOff = (over: Partial<Surroundings> = {}): Surroundings => ({
  primary: true,
  others: ['10.0.0.2', '10.0.0.3'],
  apiAnswers: () => false,
  reach: () => Promise.reject(new Error('no route')),
  ...over,
});

test('a primary that reaches nobody is isolated, and the limits of the spec are used', async () => {
  const asked: unknown[] = [];
  const reach = (address: string, limits: object): Promise<never> => {
    asked.push([address, limits]);
    return Promise.reject(new Error('no route'));
  };
  expect(await isIsolated({ connectionTimeout: 70, requestTimeout: 80 }, cutOff({ reach }))).toBe(true);
  expect(asked).toEqual(['10.0.0.2', '10.0.0.3'].map((address) => [address, { connect: 70, request: 80 }]));
});

test.each<[string, Parameters<typeof isIsolated>[0], Partial<Surroundings>]>([
  ['it is switched off', { enabled: false }, {}],
  ['a standby', undefined, { primary: false }],
  ['the only instance', undefined, { others: [] }],
  ['the API server answers', undefined, { apiAnswers: () => true }],
  [
    'one instance answers',
    undefined,
    { reach: (to) => (to === '10.0.0.3' ? Promise.resolve() : Promise.reject(new Error())) },
  ],
])('not isolated: %s', async (_, settings, over) => {
  expect(await isIsolated(settings, cutOff(over))).toBe(false);
});
