import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A loopback address on which PostgreSQL's port is free. At random among some millions, so that two test runs on one machine do not meet
 * although nobody holds the address until its server starts.
 */
export async function freeLoopbackAddress(): Promise<string> {
  const part = (from: number, count: number): number => from + Math.floor(Math.random() * count);
  for (;;) {
    const address = `127.${part(128, 120)}.${part(0, 250)}.${part(1, 250)}`;
    const server = createServer();
    try {
      server.listen(5432, address);
      await once(server, 'listening');
      return address;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    } finally {
      server.close();
    }
  }
}
