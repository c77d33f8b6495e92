// Runs test files in this process, with jest's own driver and matchers but nothing else of it: a mutant is judged in a fraction of
// the second and a half that jest takes to start. Ends at the first failure.
import { registerHooks } from 'node:module';
import path from 'node:path';
import { addEventHandler, run } from 'jest-circus';

registerHooks({
  resolve: (name, context, next) =>
    next(name === '@jest/globals' ? new URL('jest-globals.ts', import.meta.url).href : name, context),
});
addEventHandler((event) => {
  if (event.name !== 'test_done' || event.test.errors.length === 0) return;
  process.stderr.write(`${event.test.name}\n${event.test.errors.map((error) => String(error)).join('\n')}\n`);
  process.exit(1);
});
for (const file of process.argv.slice(2)) await import(path.resolve(file));
const { testResults } = await run();
process.exit(testResults.length > 0 ? 0 : 1);
