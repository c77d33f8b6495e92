import type { History } from '../../../state-machines/protocol/history.ts';
import type { LeaseMember } from '../../../state-machines/protocol/types.ts';
import { primaryConninfoWords } from '../configuration/settings.ts';
import { findProgram } from '../programs/find.ts';
import { checkRewind, rewind } from '../replication/rewind.ts';
import type { HaCore } from './core/core.ts';
import { newestTimeline } from './core/position.ts';

const program = (name: 'pg_rewind' | 'postgres', major: number): Promise<string | undefined> =>
  findProgram(name, major).then(
    ({ file }) => file,
    () => undefined,
  );

/** Why this instance's directory cannot be rewound onto a history; undefined when nothing speaks against it. */
export async function rewindObstacleFrom(core: HaCore, history: History): Promise<string | undefined> {
  const { view, context, session } = core;
  const data = view()?.data;
  if (data?.state !== 'valid') return 'there is no data directory';
  const { data: directory } = context.environment.paths;
  const timeline = (await newestTimeline(session, directory, data.control)) ?? data.control.checkpointTimeline;
  const fork = history.switches.find((left) => left.timeline === timeline);
  return checkRewind(directory, (await program('pg_rewind', data.major)) !== undefined, data.control, fork);
}

/** Rewinds the stopped directory onto the holder's. `begin` is done before the first byte changes. */
export async function rewindOnto(core: HaCore, holder: LeaseMember, begin: () => Promise<void>): Promise<void> {
  const { view, context, signal } = core;
  const { environment, log } = context;
  const data = view()?.data;
  const major = data?.state === 'valid' ? data.major : 0;
  const [file, postgres] = await Promise.all([program('pg_rewind', major), program('postgres', major)]);
  if (file === undefined || postgres === undefined) throw new Error('there is no pg_rewind for this data directory');
  const source = primaryConninfoWords(environment, { instance: holder.instance, ip: holder.address });
  await rewind({ program: file, postgres, dataDirectory: environment.paths.data, source, log, signal }, begin);
}
