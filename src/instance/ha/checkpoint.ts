import { Session } from '../sql/session.ts';
import type { HaCore } from './core/core.ts';

/** At once, and not waited for any longer than this; a second session, so that nobody else waits for it. */
export async function checkpoint({ context }: Pick<HaCore, 'context'>, seconds: number): Promise<void> {
  const { paths, port } = context.environment;
  await using session = new Session({ socketDirectory: paths.sockets, port, timeout: seconds * 1000 });
  await session.query('CHECKPOINT').catch((error: unknown) => {
    context.log.debug({ err: error }, 'There was no checkpoint in time');
  });
}
