import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { waitedEnough } from '../../../state-machines/election/machine.ts';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import { answerHold, answerPrevote, type Answer, type VoterFacts } from '../../../state-machines/voter/voter.ts';
import { role } from '../../naming.ts';
import { json, text, type Handler, type Routes } from '../http/respond.ts';
import { localHistories } from './history-sources.ts';
import { hear, type HaCore, isFresh, leaseIsOlder, leaseState, selfOf, timingOf } from './core/core.ts';
import { ownPosition, stands, writtenHistory } from './candidate.ts';
import { postgresRole } from './core/local-postgres.ts';
import { patienceFacts } from './patience.ts';
import {
  messageKinds,
  parseMessage,
  toWire,
  type Answers,
  type Envelope,
  type Message,
  type MessageKind,
} from './core/messages.ts';

import { answerPromise } from './synchronous/promise.ts';

const bodyLimit = 65_536;
const granted: Answer = { granted: true };
const refused = (reason: Extract<Answer, { granted: false }>['reason']): Answer => ({ granted: false, reason });

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > bodyLimit) request.destroy(new Error('the message is too long'));
    });
    request.on('end', () => resolve(body));
    request.on('error', reject);
  });
}

/** A client certificate of this cluster's own authority, made for its instances. */
function fromInstance(request: IncomingMessage): boolean {
  const socket = request.socket as TLSSocket;
  return socket.authorized && socket.getPeerCertificate().subject?.CN === role.replication;
}

export function voterFacts(core: HaCore): VoterFacts {
  const { clock, memory, state, store } = core;
  const record = store.lastRecord;
  const lease = leaseState(core);
  const patience = patienceFacts(core);
  // The holder lets others stand once it could not go on itself.
  const spent = lease === 'mine' && !isFresh(core) && postgresRole(core) !== 'primary';
  return {
    now: clock(),
    member: record?.members.some((member) => sameMember(member, selfOf(core))) ?? false,
    whole: stands(core),
    primary: postgresRole(core) === 'primary',
    holdsLease: lease === 'mine',
    claiming: memory.claiming,
    promoting: memory.promoting,
    promised: state.current.promised,
    ...(memory.holdUntil === undefined ? {} : { holdUntil: memory.holdUntil }),
    paused: record?.paused !== undefined,
    // Who knows that the lease is an old one does not let others be elected by what it says.
    wouldStand: lease !== 'unknown' && (lease !== 'mine' || spent) && !leaseIsOlder(core) && waitedEnough(patience),
    receiverClosed: false,
  };
}

type Answering = { readonly [Kind in MessageKind]: (core: HaCore, message: Message) => Promise<Answers[Kind]> };

const answering: Answering = {
  position: async (core, { promised = 0 }) => {
    const { state, store, memory } = core;
    if (promised > (memory.promisedElsewhere ?? 0)) {
      memory.promisedElsewhere = promised;
      memory.lastAttempt = undefined;
    }
    const position = await ownPosition(core).catch(() => undefined);
    const history = await writtenHistory(core).catch(() => undefined);
    const serving = leaseState(core) === 'mine' && isFresh(core) && core.memory.handover === undefined;
    return {
      ...(position === undefined ? {} : { position: toWire(position) }),
      stands: stands(core),
      ...(serving ? { primaryOf: state.current.led ?? 0 } : {}),
      promised: state.current.promised,
      seen: store.record?.epoch ?? 0,
      ...(serving && history ? { history } : {}),
    };
  },
  prevote: async (core) => {
    // What the watch has not told yet: a release is looked for where it is written.
    if (!voterFacts(core).wouldStand) await core.store.read(500).catch(() => undefined);
    return answerPrevote(voterFacts(core));
  },
  promise: async (core, { epoch, candidate }) => {
    if (!candidate) return { granted: false, reason: 'position-unknown' };
    return answerPromise(core, () => voterFacts(core), epoch, candidate);
  },
  hold: (core, { epoch }) => {
    const answer = answerHold(voterFacts(core), epoch);
    if (answer.granted) core.memory.holdUntil = core.clock() + timingOf(core).duration * 1000;
    return Promise.resolve(answer);
  },
  handover: async (core, message) => {
    const { holder } = core.store.record ?? {};
    if (holder && !sameMember(holder, message.from)) return refused('lease-is-alive');
    core.memory.called = core.clock();
    await core.store.read(1000).catch(() => undefined);
    return granted;
  },
  announce: (core, { from, address }) => {
    const { context, memory } = core;
    const names = context.cluster.current?.status?.instanceNames ?? [];
    if (leaseState(core) !== 'mine') return Promise.resolve(refused('lease-is-alive'));
    if (address === undefined || !names.includes(from.instance)) return Promise.resolve(refused('not-a-member'));
    memory.joining.set(from.instance, { ...from, address });
    memory.lastAttempt = undefined;
    return Promise.resolve(granted);
  },
  leads: async (core, { epoch, from }) => {
    if ((core.store.record?.epoch ?? 0) < epoch) await core.store.read(1000).catch(() => undefined);
    core.context.log.debug({ primary: from.instance, epoch }, 'There is a primary');
    core.wake();
    return granted;
  },
  histories: async (core, { timelines = [] }) => ({
    files: await localHistories(core.context.environment.paths.data, timelines),
  }),
  leave: (core, { from }) => {
    if (leaseState(core) !== 'mine') return Promise.resolve(refused('lease-is-alive'));
    core.memory.leaving.set(from.instance, from.incarnation);
    return Promise.resolve(granted);
  },
  pulse: () => Promise.resolve(granted),
};

/** The routes for other managers. Without a core yet, nobody is home. */
export function voterRoutes(core: () => HaCore | undefined): Routes {
  const route =
    (kind: MessageKind): Handler =>
    async (_url, request) => {
      const body = bodyOf(request);
      if (!fromInstance(request)) {
        body.catch(() => undefined);
        return text(401, 'the client certificate of an instance is needed');
      }
      const message = parseMessage(await body);
      const current = core();
      if (!current) return text(503, 'the manager has just started');
      const { state, context } = current;
      const ours = message.clusterUid === state.current.clusterUid && sameMember(message.to, selfOf(current));
      if (!ours) return text(409, 'the message is for somebody else');
      if (message.address !== undefined) hear(current, message.from, message.address);
      const answer = await answering[kind](current, message);
      const envelope: Envelope = {
        from: selfOf(current),
        podUid: context.environment.podUid,
        nonce: message.nonce,
        answer,
      };
      return json(200, envelope);
    };
  return Object.fromEntries(messageKinds.map((kind) => [`POST /ha/${kind}`, route(kind)]));
}
