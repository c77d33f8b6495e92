// The end of a stopped log, which the product reads from the pages of pg_wal, as the simulated pg_wal has it.
import type { Position } from '../../../../state-machines/protocol/types.ts';
import { theWorld } from '../stage.ts';
import type { Wal } from '../wal.ts';

export async function endOfStoppedLog(dataDirectory: string): Promise<Position> {
  return (theWorld().files(dataDirectory).read(`${dataDirectory}/pg_wal/.log`) as Wal).position;
}
