// `npm run simulate -- --seeds N [--from S]`: the shipped managers and operator over simulated machines, many seeds; the first failures are made as
// short as they get and told. `--seed X` plays one and tells its story; --verbose with every word of the managers.
import { parseArgs } from 'node:util';
import { campaign, shrink, Stage, story } from '../src/testing/simulation/campaign.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    operator: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
  },
});

const number = (name: 'seeds' | 'from' | 'seed' | 'threads'): number => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  process.stderr.write(`simulate: --${name} is ${values[name]}, and is to be a whole number above 0\n`);
  return process.exit(2);
};

async function tellOne(seed: number): Promise<boolean> {
  await using stage = new Stage();
  const outcome = await stage.play({ seed, operated: values.operator, transcript: true, verbose: values.verbose });
  process.stdout.write(story(outcome, Infinity));
  return outcome.violation === undefined;
}

/** Failures that are told; the others are only named. */
const told = 3;
/** How far it is said to have come, each time that so many have been played. */
const stride = 500;

async function playMany(): Promise<boolean> {
  const from = number('from');
  const seeds = Array.from({ length: number('seeds') }, (_, index) => from + index);
  const began = performance.now();
  const total = { acknowledged: 0, simulatedMs: 0, faults: 0, left: 0, operated: 0, reconciliations: 0 };
  const modes = new Map<string, number>();
  const unknown = new Set<string>();
  let played = 0;
  const failures = await campaign({
    seeds,
    threads: number('threads'),
    script: { operated: values.operator },
    onOutcome: (outcome) => {
      const { seed, violation, acknowledged, simulatedMs, faults, unknownStatements, leftToAPerson, mode } = outcome;
      played += 1;
      if (violation) process.stderr.write(`seed ${seed} failed: ${violation.invariant}\n`);
      if (played % stride === 0) process.stderr.write(`${played} of ${seeds.length} seeds\n`);
      total.operated += Number(outcome.operated);
      total.reconciliations += outcome.reconciliations;
      total.left += Number(leftToAPerson);
      modes.set(mode, 1 + (modes.get(mode) ?? 0));
      total.acknowledged += acknowledged;
      total.simulatedMs += simulatedMs;
      total.faults += faults.length;
      for (const statement of unknownStatements) unknown.add(statement);
    },
  });
  await using stage = new Stage();
  for (const failure of failures.slice(0, told)) process.stdout.write(story(await shrink(stage, failure)));
  if (failures.length > 0) process.stdout.write(`failed: seeds ${failures.map(({ seed }) => seed).join(', ')}\n`);
  for (const statement of unknown) process.stdout.write(`the simulated PostgreSQL does not know: ${statement}\n`);
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(
    `${seeds.length} seeds, ${total.faults} faults, ${(total.simulatedMs / 3_600_000).toFixed(1)} h simulated, ` +
      `${total.acknowledged} acknowledged writes, ${failures.length} failed, ${total.left} left to a person, ` +
      `${total.operated} with an operator (${total.reconciliations} reconciliations), ` +
      `${seconds.toFixed(0)} s (${[...modes].map(([mode, count]) => `${count} ${mode}`).join(', ')})\n`,
  );
  return failures.length === 0;
}

const well = values.seed === undefined ? await playMany() : await tellOne(number('seed'));
process.exit(well ? 0 : 1);
