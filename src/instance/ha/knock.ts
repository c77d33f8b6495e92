import net from 'node:net';

/**
 * Whether the machine at this address takes a connection to PostgreSQL's port; nothing is said over it. Milliseconds. It need not be
 * PostgreSQL that is well: a kernel that answers is enough not to be in a hurry.
 */
export function knock(host: string, port: number, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(milliseconds, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
