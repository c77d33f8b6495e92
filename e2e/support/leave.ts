import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** Says goodbye if somebody listens: a server that is frozen or cut off never answers. */
export async function leave(client: pg.Client): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), sleep(200)]);
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
