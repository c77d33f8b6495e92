import { parseArgs } from 'node:util';
import { UserError } from './config.ts';
import type { UpRequest } from './setup.ts';

export const defaultData = '.howdah';

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** The options of a command; an unknown one is the caller's mistake and said as such. */
export function parseOptions<T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({
      args,
      options: { data: { type: 'string', default: defaultData }, ...options },
      allowNegative: true,
    }).values;
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

function parsePostgresDirs(given: readonly string[]): Record<string, string> {
  const entries = given.map((text) => {
    const match = /^(\d+)=(\/.*)$/.exec(text);
    if (!match)
      throw new UserError(
        `--postgres-dir ${text}: wanted MAJOR=/absolute/directory, such as 15=/usr/lib/postgresql/15/bin`,
      );
    return [match[1] as string, match[2] as string];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function parseNodes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 9)
    throw new UserError(`--nodes ${text}: wanted a number from 1 to 9`);
  return count;
}

export function parseUp(args: string[]): UpRequest & { wait: boolean } {
  const values = parseOptions(args, {
    nodes: { type: 'string' },
    'postgres-dir': { type: 'string', multiple: true, default: [] as string[] },
    operator: { type: 'boolean' },
    wait: { type: 'boolean', default: false },
  });
  const nodes = parseNodes(values.nodes);
  return {
    dir: values.data,
    postgres: parsePostgresDirs(values['postgres-dir']),
    wait: values.wait,
    ...(nodes === undefined ? {} : { nodes }),
    ...(values.operator === undefined ? {} : { operator: values.operator }),
  };
}
