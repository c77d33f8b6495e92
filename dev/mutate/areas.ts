// What mutation testing changes, area by area, and which tests have to notice. The models, the simulation and the tests of the parts
// that ask these would notice more; here are the ones that say what each does by itself.

export interface Area {
  /** Globs of the sources that are changed. */
  readonly mutate: readonly string[];
  /** Globs of the shell, of the tests that run against each change in this order, up to the first that fails. */
  readonly tests: readonly string[];
}

/** A folder of decisions with the tests beside it. */
const decisions = (name: string): Area => ({
  mutate: [`state-machines/${name}/*.ts`],
  tests: [`state-machines/${name}/*.test.ts`],
});

/** The same for a machine, with the tests that hold all of them. */
const machine = (name: string): Area => ({
  ...decisions(name),
  tests: [`state-machines/${name}/*.test.ts`, 'state-machines/machines.test.ts'],
});

export const areas: Readonly<Record<string, Area>> = {
  protocol: decisions('protocol'),
  fence: machine('fence'),
  election: machine('election'),
  voter: decisions('voter'),
  promotion: machine('promotion'),
  rejoin: machine('rejoin'),
  switchover: machine('switchover'),
  synchronous: machine('synchronous'),
  wal: {
    mutate: ['src/postgres/{wal-name,lsn,timeline}.ts'],
    tests: ['src/postgres/wal-name.test.ts', 'src/postgres/timeline.test.ts'],
  },
  retention: { mutate: ['src/objectstore/retention/*.ts'], tests: ['src/objectstore/retention/*.test.ts'] },
  cron: {
    mutate: ['src/api/scheduled-backup/*.ts'],
    // The slowest last: most mutants do not get so far.
    tests: ['duration', 'schedule', 'validate', 'next'].map((name) => `src/api/scheduled-backup/${name}.test.ts`),
  },
};
