// What managers of one cluster say to each other (docs/ha-protocol.md §3), as JSON over mutual TLS.
import { isIP } from 'node:net';
import type { Member, Position } from '../../../../state-machines/protocol/types.ts';
import type { Answer } from '../../../../state-machines/voter/voter.ts';

export const messageKinds = [
  'position',
  'prevote',
  'promise',
  'hold',
  'handover',
  'announce',
  'leave',
  'leads',
  'histories',
  'pulse',
] as const;
export type MessageKind = (typeof messageKinds)[number];

export interface Message {
  readonly clusterUid: string;
  readonly from: Member;
  readonly podUid: string;
  readonly to: Member;
  readonly nonce: string;
  readonly epoch: number;
  /** `promise`: where the candidate is. */
  readonly candidate?: WirePosition;
  /** Where the sender is reached. */
  readonly address?: string;
  /** `histories`: of these timelines. */
  readonly timelines?: readonly number[];
  /** `position`: what the sender has promised, when the receiver leads in a lower epoch (rule 17). */
  readonly promised?: number;
}

/** What a message says beside who sends it to whom. */
export type Said = Pick<Message, 'epoch' | 'candidate' | 'address' | 'timelines' | 'promised'>;

export interface WirePosition {
  readonly timeline: number;
  /** Decimal. */
  readonly lsn: string;
}

export const toWire = ({ timeline, lsn }: Position): WirePosition => ({ timeline, lsn: lsn.toString() });
export const fromWire = ({ timeline, lsn }: WirePosition): Position => ({ timeline, lsn: BigInt(lsn) });

export interface WireHistory {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** How far its log is on disk; decimal. */
  readonly written?: string;
  /** The timeline of its last checkpoint. */
  readonly checkpoint?: number;
  readonly switches: readonly { readonly timeline: number; readonly end: string }[];
}

export interface PositionReport {
  readonly position?: WirePosition;
  /** Could be a candidate. */
  readonly stands: boolean;
  /** Serves as primary, or is about to (a restart in place), in this epoch. */
  readonly primaryOf?: number;
  readonly promised: number;
  /** Highest epoch that it has seen in the lease. */
  readonly seen: number;
  /** Of the timeline that it writes, once it serves as primary. */
  readonly history?: WireHistory;
}

export interface PromiseReport {
  readonly granted: boolean;
  readonly reason?: string;
  readonly position?: WirePosition;
  readonly ownsLog?: boolean;
}

/** History files of timelines that were promoted, by their number; of those that are not known nothing is said. */
export interface HistoriesReport {
  readonly files: Readonly<Record<string, string>>;
}

export interface Answers {
  position: PositionReport;
  prevote: Answer;
  promise: PromiseReport;
  hold: Answer;
  handover: Answer;
  announce: Answer;
  leads: Answer;
  histories: HistoriesReport;
  leave: Answer;
  /** That it is there; what it says is not looked at. */
  pulse: Answer;
}

export interface Envelope<Kind extends MessageKind = MessageKind> {
  readonly from: Member;
  readonly podUid: string;
  readonly nonce: string;
  readonly answer: Answers[Kind];
}

const isMember = (value: unknown): value is Member =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Member).instance === 'string' &&
  typeof (value as Member).incarnation === 'string';

const isTimeline = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 32;

/** Throws on anything that is not a message. */
export function parseMessage(text: string): Message {
  const value = JSON.parse(text) as Message;
  const whole =
    typeof value === 'object' &&
    isMember(value.from) &&
    isMember(value.to) &&
    [value.clusterUid, value.podUid, value.nonce].every((part) => typeof part === 'string') &&
    Number.isSafeInteger(value.epoch);
  if (!whole) throw new Error('this is not a message between instances');
  if (value.candidate !== undefined && !/^\d{1,20}$/.test(value.candidate.lsn)) throw new Error('not a position');
  if (value.address !== undefined && isIP(value.address) === 0) throw new Error('not an address');
  const numbers = value.timelines ?? [];
  if (!Array.isArray(numbers) || !numbers.every(isTimeline)) throw new Error('not a list of timelines');
  return value;
}
