import { expect, test } from '@jest/globals';
import { parseControlData } from '../../postgres/control-data.ts';
import { campaign, Stage, story } from './campaign.ts';
import { encodeControl, systemIdentifier } from './control-file.ts';
import { Files } from './files.ts';
import { plantedBugs } from './plants.ts';
import type { Outcome } from './play.ts';
import { Random } from './random.ts';

const seeds = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('1,000 seeds of faults: one writer, nothing acknowledged is lost, epochs grow, one promotion of each, histories fit, and all become well again', async () => {
  const unknown = new Set<string>();
  const onOutcome = ({ unknownStatements }: Outcome): void => unknownStatements.forEach((text) => unknown.add(text));
  const failures = await campaign({ seeds: seeds(1000), threads: 2, onOutcome });
  // What the simulated PostgreSQL cannot answer goes wrong for its own reason: answers.ts has to learn it.
  expect([...unknown]).toEqual([]);
  expect(failures.map((failure) => story(failure))).toEqual([]);
}, 900_000);

/**
 * Dead ends of once: an answer to a first list that never came; two standbys of which the one that was ahead had the other's address of
 * before; a set whose names had all lost their volumes; a lease deleted while no manager lived.
 */
const regressions = [
  ...[1435, 1929, 1941, 2030, 2203, 2599, 3255, 3258, 3297, 5364, 5774, 6475, 7295, 7582, 7773],
  ...[8470, 8493, 9023, 9928],
];

test.each(regressions)(
  'seed %d, which once did not end well, does',
  async (seed) => {
    await using stage = new Stage();
    const outcome = await stage.play({ seed, operated: false, transcript: true });
    expect(outcome.violation === undefined ? 'well' : story(outcome)).toBe('well');
  },
  300_000,
);

test.each(plantedBugs)(
  '$name: it is found',
  async (bug) => {
    const found = ({ violation }: Outcome): boolean => bug.shows.test(violation?.invariant ?? '');
    const { faults, instances, mode, operated = false } = bug;
    const script = { faults, instances, operated, ...(mode === undefined ? {} : { mode }) };
    const failures = await campaign({ seeds: seeds(40), threads: 2, plant: bug, script, until: found });
    expect(failures.filter(found)).not.toEqual([]);
  },
  600_000,
);

test.each([false, true])('a seed is played the same way twice, with an operator: %s', async (operated) => {
  await using stage = new Stage();
  const play = (): Promise<Outcome> => stage.play({ seed: 7, operated, transcript: true });
  const [one, two] = [await play(), await play()];
  expect(one.transcript.length).toBeGreaterThan(20);
  expect(two.transcript).toEqual(one.transcript);
});

test('pg_control is written as our own parser reads it', () => {
  const control = {
    state: 'in production',
    checkpoint: 5,
    timeline: 2,
    minRecovery: 7,
    minRecoveryTimeline: 3,
  } as const;
  expect(parseControlData(encodeControl(control))).toMatchObject({
    ...{ systemIdentifier, state: 'in production', checkpoint: 5n, checkpointTimeline: 2 },
    ...{ minRecoveryPoint: 7n, minRecoveryTimeline: 3 },
  });
});

test('a power cut leaves what was synced, and its name only when the directory was', () => {
  const left = seeds(40).map((seed) => {
    const files = new Files(() => 0);
    for (const name of ['kept', 'forgotten']) files.write(`/d/${name}`, name);
    files.sync('/d/kept');
    files.sync('/d');
    files.write('/d/kept', 'not synced');
    files.write('/d/later', 'no entry');
    files.sync('/d/later');
    files.lose(new Random(seed));
    return ['kept', 'forgotten', 'later'].map((name) => (files.has(`/d/${name}`) ? files.read(`/d/${name}`) : 'gone'));
  });
  const seen = (index: number): unknown[] => [...new Set(left.map((contents) => contents[index]))].sort();
  expect(seen(0)).toEqual(['kept', 'not synced']);
  expect(seen(1)).toEqual(['', 'forgotten']);
  expect(seen(2)).toEqual(['gone', 'no entry']);
});
