import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { BlockPool } from '../../objectstore/codec/block-pool.ts';
import { type FindCredentials, openArchive } from '../../objectstore/archive/config.ts';
import type { ObjectStore } from '../../objectstore/port.ts';
import { createReclaim } from '../../util/reclaim.ts';
import { createTurns } from '../../util/turns.ts';
import { credentialsByRole } from '../iam/child.ts';
import { type ShipAnswer, type ShipRequest, describeFailure } from './ship-messages.ts';
import { putWal } from './wal-objects.ts';

/** Bytes of compressed segments that wait to be sent: as many as are usual at once. What does not fit is compressed again as it is sent. */
const memoryForPacked = 32 << 20;

/** Opens a store once for all requests that come with the same configuration. */
function createStores(find: FindCredentials): (request: ShipRequest) => Promise<ObjectStore> {
  let last: { text: string; store: Promise<ObjectStore> } | undefined;
  return ({ config }) => {
    const text = JSON.stringify(config.s3);
    // Calls under way on the one before come to their end: its sockets close when they are idle.
    if (last?.text !== text) last = { text, store: openArchive(config, find) };
    return last.store;
  };
}

/** `howdah instance wal-worker`: stores the WAL files that the manager at the other end of the channel names, until it hangs up. */
export async function runShipWorker(log: Logger): Promise<void> {
  const life = new AbortController();
  const packing = {
    pool: new BlockPool(memoryForPacked),
    reclaim: createReclaim(),
    turn: createTurns(availableParallelism()),
  };
  const storeOf = createStores(credentialsByRole(log.level));
  const ship = async (request: ShipRequest): Promise<ShipAnswer> => {
    const { id, config, name, path, systemIdentifier } = request;
    try {
      const archive = { store: await storeOf(request), config };
      return { id, outcome: await putWal(archive, { name, path, systemIdentifier, packing }, life.signal) };
    } catch (error) {
      log.debug({ wal: name, err: error }, 'A WAL file could not be stored');
      return { id, failure: describeFailure(error) };
    }
  };
  process.on('message', (request: ShipRequest) => {
    void ship(request).then((answer) => process.connected && process.send?.(answer));
  });
  // The manager ends it by hanging up; a signal to the whole group is the manager's to act upon.
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  await once(process, 'disconnect');
  life.abort(new Error('the instance manager has hung up'));
  process.exit(0);
}
