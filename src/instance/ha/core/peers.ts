import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { sameMember } from '../../../../state-machines/protocol/position.ts';
import type { LeaseMember, Member } from '../../../../state-machines/protocol/types.ts';
import { port } from '../../../naming.ts';
import type { Answers, Envelope, Message, MessageKind, Said } from './messages.ts';

export interface PeersOptions {
  readonly certificates: string;
  /** A name that every server certificate of the cluster holds. */
  readonly servername: string;
  readonly clusterUid: string;
  readonly podUid: string;
  /** Where this instance is reached; '' where that is not known. */
  readonly address: string;
  readonly self: () => Member;
}

export interface Asked<Kind extends MessageKind> {
  readonly member: LeaseMember;
  readonly answer: Answers[Kind] | undefined;
}

const bodyLimit = 65_536;

/** Asks other managers. Whatever goes wrong is no answer: undefined. */
export class Peers implements Disposable {
  readonly #options: PeersOptions;
  #agent: { readonly material: string; readonly agent: https.Agent } | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  async #connections(): Promise<https.Agent> {
    const { certificates, servername } = this.#options;
    const read = (name: string): Promise<string> => readFile(path.join(certificates, name), 'utf8');
    const [ca, cert, key] = await Promise.all([
      read('server-ca.crt'),
      read('streaming_replica.crt'),
      read('streaming_replica.key'),
    ]);
    const material = JSON.stringify([ca, cert, key]);
    if (this.#agent?.material !== material) {
      this.#agent?.agent.destroy();
      this.#agent = {
        material,
        agent: new https.Agent({ ca, cert, key, servername, keepAlive: true, timeout: 15_000 }),
      };
    }
    return this.#agent.agent;
  }

  /** One question to one member; an answer from anybody else counts as none. */
  async ask<Kind extends MessageKind>(
    kind: Kind,
    to: LeaseMember,
    what: Said,
    milliseconds: number,
  ): Promise<Answers[Kind] | undefined> {
    const { clusterUid, podUid, address, self } = this.#options;
    const nonce = randomUUID();
    const { instance, incarnation } = to;
    const sender = { clusterUid, from: self(), podUid, ...(address === '' ? {} : { address }) };
    const message: Message = { ...sender, to: { instance, incarnation }, nonce, ...what };
    try {
      const agent = await this.#connections();
      const text = await post(to.address, `/ha/${kind}`, JSON.stringify(message), agent, milliseconds);
      const envelope = JSON.parse(text) as Envelope<Kind>;
      return sameMember(envelope.from, to) && envelope.nonce === nonce ? envelope.answer : undefined;
    } catch {
      return undefined;
    }
  }

  /** With whom it was. */
  async askOne<Kind extends MessageKind>(
    kind: Kind,
    member: LeaseMember,
    what: Said,
    milliseconds: number,
  ): Promise<Asked<Kind>> {
    return { member, answer: await this.ask(kind, member, what, milliseconds) };
  }

  /** The same question to many at once. */
  async askAll<Kind extends MessageKind>(
    kind: Kind,
    members: readonly LeaseMember[],
    what: Said,
    milliseconds: number,
  ): Promise<Asked<Kind>[]> {
    return Promise.all(members.map((member) => this.askOne(kind, member, what, milliseconds)));
  }

  /** Rejects unless an instance answers at this address (GET /failsafe). Milliseconds; a connection of its own. */
  async reach(host: string, limits: { readonly connect: number; readonly request: number }): Promise<void> {
    const { certificates, servername } = this.#options;
    const ca = await readFile(path.join(certificates, 'server-ca.crt'), 'utf8');
    await new Promise<void>((resolve, reject) => {
      const request = https.get(
        {
          ...{ host, port: port.status, path: '/failsafe', ca, servername, agent: false },
          signal: AbortSignal.timeout(limits.connect + limits.request),
        },
        (response) => {
          response.resume();
          if (response.statusCode === 200) resolve();
          else reject(new Error(`/failsafe answered ${response.statusCode}`));
        },
      );
      const slow = setTimeout(() => request.destroy(new Error('no connection in time')), limits.connect);
      request.on('socket', (socket) => socket.on('connect', () => clearTimeout(slow)));
      request.on('error', reject);
      request.on('close', () => clearTimeout(slow));
    });
  }

  [Symbol.dispose](): void {
    this.#agent?.agent.destroy();
  }
}

function post(host: string, where: string, body: string, agent: https.Agent, milliseconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        ...{ host, port: port.status, path: where, method: 'POST', agent },
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(milliseconds),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > bodyLimit) request.destroy(new Error('the answer is too long'));
        });
        response.on('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`${where} answered ${response.statusCode}`)),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
