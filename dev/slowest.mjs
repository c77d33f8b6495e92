// A jest reporter: after a run of many files it lists the slowest ones. docs/testing.md says what takes their time.
import path from 'node:path';

const listed = 10;

export default class Slowest {
  onRunComplete(_contexts, { testResults }) {
    if (testResults.length <= listed) return;
    const slowest = testResults
      .map(({ testFilePath, perfStats }) => ({
        file: path.relative('', testFilePath),
        seconds: perfStats.runtime / 1000,
      }))
      .sort((left, right) => right.seconds - left.seconds)
      .slice(0, listed);
    const lines = slowest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file}\n`);
    process.stderr.write(`\nThe ${listed} slowest of ${testResults.length} files:\n${lines.join('')}`);
  }
}
