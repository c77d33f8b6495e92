import { setTimeout as delay } from 'node:timers/promises';
import { parseHistory } from '../../postgres/timeline.ts';
import { type HaCore, others } from './core/core.ts';
import { isFiller, realHistory } from '../wal/history-files.ts';

const askMs = 400;
/** An archive that is down must not hold up a promotion. */
const archiveMs = 1500;
/** Bytes in one answer; more are asked for by the next one who needs them. */
const answerLimit = 48_000;

/** The real ones of these that this instance has. */
export async function localHistories(
  dataDirectory: string,
  timelines: readonly number[],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  let left = answerLimit;
  for (const timeline of timelines.slice(0, 1000)) {
    const text = await realHistory(dataDirectory, timeline).catch(() => undefined);
    if (text === undefined || text.length > left) continue;
    left -= text.length;
    files[String(timeline)] = text;
  }
  return files;
}

/** A file that says what it should; nobody's word is taken for more. */
function readable(timeline: number, text: string | undefined): text is string {
  try {
    return text !== undefined && !isFiller(timeline, text) && parseHistory(timeline, text).switches.length > 0;
  } catch {
    return false;
  }
}

/** Also what does not heed its signal is not waited for. */
async function inTime<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
  const late = new AbortController();
  const limit = delay(archiveMs, undefined, { signal: late.signal }).then(() => {
    throw new Error('no answer in time');
  });
  limit.catch(() => undefined);
  try {
    return await Promise.race([answer, limit]);
  } finally {
    late.abort();
  }
}

export interface FoundHistories {
  readonly files: ReadonlyMap<number, string>;
  /** Who could not be asked: a number that is missing may have been promoted after all. */
  readonly silent: readonly string[];
}

/** The history files of these timelines from the other instances and the archive, asked at once and for a short time. */
export async function findHistories(
  core: HaCore,
  timelines: readonly number[],
  epoch: number,
): Promise<FoundHistories> {
  const files = new Map<number, string>();
  const silent: string[] = [];
  if (timelines.length === 0) return { files, silent };
  const archive = core.archive();
  const signal = AbortSignal.any([core.signal, AbortSignal.timeout(archiveMs)]);
  const [answers, archived] = await Promise.all([
    core.peers.askAll('histories', others(core), { epoch, timelines }, askMs),
    Promise.allSettled(timelines.map(async (timeline) => inTime(archive?.history(timeline, signal)))),
  ]);
  for (const { member, answer } of answers) {
    if (!answer) silent.push(member.instance);
    for (const timeline of timelines) {
      const text = answer?.files[String(timeline)];
      if (readable(timeline, text)) files.set(timeline, text);
    }
  }
  for (const [index, result] of archived.entries()) {
    const timeline = timelines[index] ?? 0;
    if (result.status === 'rejected' && !silent.includes('archive')) silent.push('archive');
    if (result.status === 'fulfilled' && readable(timeline, result.value)) files.set(timeline, result.value);
  }
  return { files, silent };
}
