import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Program {
  readonly file: string;
  readonly major: number;
  /** As server_version_num has it, such as 170005; of a beta that of its major's beginning. */
  readonly version: number;
}

async function versionOf(file: string): Promise<number | undefined> {
  const { stdout } = await run(file, ['--version'], { timeout: 10_000 });
  const found = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(stdout);
  return found ? Number(found[1]) * 10_000 + Number(found[2] ?? 0) : undefined;
}

const executable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The places to look for a PostgreSQL program: PATH, then where Debian's packages put the major version that is asked for. */
function directories(major: number | undefined, variables: Readonly<Record<string, string | undefined>>): string[] {
  const debian = major === undefined ? [] : [`/usr/lib/postgresql/${major}/bin`, `/usr/pgsql-${major}/bin`];
  return [...(variables['PATH'] ?? '').split(':').filter((directory) => directory !== ''), ...debian];
}

/** Finds `name`, of the given major version when one is given. */
export async function findProgram(
  name: string,
  major?: number,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Program> {
  const seen: number[] = [];
  for (const directory of directories(major, variables)) {
    const file = path.join(directory, name);
    if (!(await executable(file))) continue;
    const version = await versionOf(file);
    if (version === undefined) continue;
    const found = Math.floor(version / 10_000);
    if (major === undefined || found === major) return { file, major: found, version };
    seen.push(found);
  }
  if (seen.length === 0) throw new Error(`the image has no program "${name}" on its PATH`);
  throw new Error(`the image has "${name}" of PostgreSQL ${seen.join(', ')}, but the data directory is of ${major}`);
}
