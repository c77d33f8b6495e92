import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { User } from '../model/types.ts';

/** Reading a certificate costs more than all the rest of authentication; a connection keeps the one it began with. */
const users = new WeakMap<TLSSocket, User>();

/** The user of a client certificate that our authority signed: CN is the name, O are the groups. */
export function certificateUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const known = users.get(socket);
  if (known) return known;
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined;
  const name = subject?.['CN'];
  if (typeof name !== 'string' || name === '') return undefined;
  const user = { name, groups: [...[subject?.['O'] ?? []].flat(), 'system:authenticated'] };
  users.set(socket, user);
  return user;
}
