import { createPrivateKey, createPublicKey, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import type { Store } from '../storage/store.ts';
import type { Obj, User } from '../model/types.ts';

export const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';

export interface TokenClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly sub: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
    readonly node?: { readonly name: string; readonly uid?: string };
  };
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Issues and checks service account tokens (JWT, ES256). A token dies with its account and with the pod that it is bound to. */
export class Tokens {
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly #store: Store;

  constructor(privateKey: string, store: Store) {
    this.#key = createPrivateKey(privateKey);
    this.#public = createPublicKey(this.#key);
    this.#store = store;
  }

  issue(account: Obj, pod: Obj | undefined, audiences: readonly string[], seconds: number, now: Date): string {
    const iat = Math.floor(now.getTime() / 1000);
    const { namespace = '', name = '', uid = '' } = account.metadata;
    const head = base64({ alg: 'ES256', kid: 'howdah', typ: 'JWT' });
    const body = base64({
      iss: tokenIssuer,
      sub: `system:serviceaccount:${namespace}:${name}`,
      aud: audiences,
      iat,
      nbf: iat,
      exp: iat + seconds,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        serviceaccount: { name, uid },
        ...(pod && { pod: { name: pod.metadata.name, uid: pod.metadata.uid } }),
        ...(pod?.spec?.nodeName && { node: { name: pod.spec.nodeName } }),
      },
    });
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${head}.${body}.${signature.toString('base64url')}`;
  }

  /** The account of a token that is genuine, in time and whose objects still exist. */
  authenticate(token: string, now: Date): { user: User; audiences: readonly string[] } | undefined {
    const claims = this.#claims(token);
    const seconds = now.getTime() / 1000;
    if (!claims || claims.exp < seconds || claims.iat > seconds + 60) return undefined;
    const { namespace, serviceaccount, pod } = claims['kubernetes.io'];
    const account = this.#store.get('/serviceaccounts', namespace, serviceaccount.name);
    if (account?.metadata.uid !== serviceaccount.uid) return undefined;
    if (pod && this.#store.get('/pods', namespace, pod.name)?.metadata.uid !== pod.uid) return undefined;
    return {
      audiences: claims.aud,
      user: {
        name: claims.sub,
        uid: serviceaccount.uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        extra: {
          ...(pod && {
            'authentication.kubernetes.io/pod-name': [pod.name],
            'authentication.kubernetes.io/pod-uid': [pod.uid],
          }),
        },
      },
    };
  }

  #claims(token: string): TokenClaims | undefined {
    const [head, body, signature, ...more] = token.split('.');
    if (!head || !body || !signature || more.length > 0) return undefined;
    try {
      const header = JSON.parse(Buffer.from(head, 'base64url').toString());
      const key = { key: this.#public, dsaEncoding: 'ieee-p1363' } as const;
      const genuine = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
      if (header.alg !== 'ES256' || !genuine) return undefined;
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as TokenClaims & { iss: string };
      return claims.iss === tokenIssuer ? claims : undefined;
    } catch {
      // Not a token of ours: whatever was wrong with it, it opens nothing.
      return undefined;
    }
  }
}
