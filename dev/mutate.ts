// npm run mutate [-- AREA…]: changes the deciding sources in every small way that Stryker knows, and asks whether a test notices.
// Ends with one line per area; changes that nothing noticed are printed above it. docs/testing.md has the scores and the explanations.
import path from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { type Area, areas } from './mutate/areas.ts';

const root = path.dirname(import.meta.dirname);

async function mutate(area: Area): Promise<string> {
  const command = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--max-old-space-size=512',
    'dev/mutate/tests-child.ts',
    ...area.tests,
  ];
  const began = performance.now();
  const mutants = await new Stryker({
    mutate: [...area.mutate, '!**/*.test.ts'],
    testRunner: 'command',
    commandRunner: { command: command.join(' ') },
    coverageAnalysis: 'off',
    // The sources are read by Node, which looks at no types.
    disableTypeChecks: false,
    concurrency: 2,
    // Property tests look for the smallest failure before they end; a mutant that nothing notices runs all of them.
    timeoutMS: 30_000,
    tempDirName: path.join(root, '.howdah', 'mutate'),
    cleanTempDir: 'always',
    ignorePatterns: ['/*', '!/src', '!/state-machines', '!/dev', '!/docs', '!/package.json'],
    reporters: ['clear-text'],
    clearTextReporter: { reportTests: false, reportScoreTable: false, logTests: false },
    warnings: false,
  }).runMutationTest();
  const count = (status: string): number => mutants.filter((mutant) => mutant.status === status).length;
  // One that ends in no time is one that loops, or a busy machine: it is told apart, so that a score cannot come from the load.
  const [failed, endless] = [count('Killed'), count('Timeout')];
  const seconds = (performance.now() - began) / 1000;
  const score = ((100 * (failed + endless)) / mutants.length).toFixed(1);
  return `of ${mutants.length} mutants ${failed} failed a test, ${endless} did not end: ${score} %, ${seconds.toFixed(0)} s`;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !areas[name]);
if (unknown.length > 0) {
  process.stderr.write(`mutate: no area "${unknown[0]}"; there are ${Object.keys(areas).join(', ')}\n`);
  process.exit(2);
}
process.chdir(root);
const lines: string[] = [];
for (const [name, area] of Object.entries(areas)) {
  if (asked.length === 0 || asked.includes(name)) lines.push(`${name}: ${await mutate(area)}`);
}
process.stdout.write(`${lines.join('\n')}\n`);
