import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readWriteService, role } from '../naming.ts';
import type { ControlData } from '../postgres/control-data.ts';
import { parseHistory, timelineEnd, type TimelineHistory } from '../postgres/timeline.ts';
import type { PrimaryAddress } from './configuration/settings.ts';
import type { InstanceEnvironment } from './environment.ts';
import { ReplicationConnection } from './replication/connection.ts';

export type Ancestry = 'part' | 'diverged' | 'unknown';

/** Whether a data directory that was closed in good order is a beginning of this history. */
export function ancestryOf(control: ControlData, systemIdentifier: string, history: TimelineHistory): Ancestry {
  if (control.systemIdentifier !== systemIdentifier) return 'diverged';
  const end = timelineEnd(history, control.checkpointTimeline);
  if (end === undefined) return 'diverged';
  // Timelines fork between records: a fork behind the start of the shutdown checkpoint's record is behind all of it.
  return end === 'open' || control.checkpoint < end ? 'part' : 'diverged';
}

/**
 * Asks the primary for its history. An instance that is not part of it must not stream from it: it would confirm positions that
 * only it has (protocol, rule 21).
 */
export async function askAncestry(
  control: ControlData,
  primary: PrimaryAddress,
  environment: InstanceEnvironment,
  signal: AbortSignal,
): Promise<Ancestry> {
  const read = (name: string): Promise<string> => readFile(path.join(environment.paths.certificates, name), 'utf8');
  try {
    const [ca, cert, key] = await Promise.all([
      read('server-ca.crt'),
      read('streaming_replica.crt'),
      read('streaming_replica.key'),
    ]);
    const servername = readWriteService(environment.clusterName);
    const address = {
      host: primary.ip,
      port: environment.port,
      user: role.replication,
      ssl: { ca, cert, key, servername },
    };
    await using connection = await ReplicationConnection.open(
      address,
      AbortSignal.any([signal, AbortSignal.timeout(4000)]),
    );
    const [[system = '', timelineText = ''] = []] = (await connection.rows('IDENTIFY_SYSTEM')) as string[][];
    const timeline = Number(timelineText);
    const text = timeline > 1 ? (await connection.rows(`TIMELINE_HISTORY ${timeline}`))[0]?.[1] : '';
    return ancestryOf(control, system, parseHistory(timeline, text ?? ''));
  } catch {
    return 'unknown';
  }
}
