import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The long suites of faults, by directory. */
const directories = ['e2e/failover', 'e2e/backup'];

/** Files below `root` whose tests open no platform: they prove the same wherever they run, and a Kubernetes adds nothing to them. */
export const withoutPlatform = (root: string): string[] =>
  directories.flatMap((directory) =>
    readdirSync(path.join(root, directory))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `${directory}/${name}`)
      .filter((file) => !readFileSync(path.join(root, file), 'utf8').includes('openShared')),
  );
