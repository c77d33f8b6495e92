import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { unauthorized } from '../model/errors.ts';
import type { User } from '../model/types.ts';
import { certificateUser } from './certificates.ts';
import { tokenIssuer, type Tokens } from './tokens.ts';

const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const protocolPrefix = 'base64url.bearer.authorization.k8s.io.';

/** Browsers and WebSocket clients may put the token into the protocol list. */
function bearerToken(request: IncomingMessage): string | undefined {
  const header = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (header) return header;
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((item) => item.trim());
  const carried = protocols.find((item) => item.startsWith(protocolPrefix));
  return carried && Buffer.from(carried.slice(protocolPrefix.length), 'base64url').toString();
}

/** Who asks: a client certificate, else a service account token, else anonymous. A wrong token is refused, not ignored. */
export function authenticate(request: IncomingMessage, tokens: Tokens, now: Date): User {
  const user = certificateUser(request.socket as TLSSocket);
  if (user) return user;
  const token = bearerToken(request);
  if (token === undefined) return anonymous;
  const found = tokens.authenticate(token, now);
  if (!found?.audiences.includes(tokenIssuer)) throw unauthorized();
  return found.user;
}
