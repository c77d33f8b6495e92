import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { User } from '../types.ts';

/** The user of a client certificate that our authority signed: CN is the name, O are the groups. */
export function certificateUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined;
  const name = subject?.['CN'];
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, groups: [...[subject?.['O'] ?? []].flat(), 'system:authenticated'] };
}
