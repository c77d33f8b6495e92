import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../model/types.ts';
import { logFile, rotatedLogFiles } from './log-file.ts';
import type { User } from './start.ts';

// The limits of the kubelet.
const fileBytes = 4096;
const logBytes = 2048;
const logLines = 80;
/** Enough of a log's end to find the last lines in: each has time and stream in front of it. */
const readBytes = 65_536;

const usualPath = '/dev/termination-log';

/** Where the container leaves its last words; none when that is inside a volume, where anything may be in its place. */
function messagePath(container: Container): string | undefined {
  const file = path.normalize(container.terminationMessagePath ?? usualPath);
  const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => path.normalize(mountPath).replace(/\/+$/, ''));
  return mounts.some((mount) => file === mount || file.startsWith(`${mount}/`)) ? undefined : file;
}

/** Makes the file that the container may write its last words to; the path in the container. */
export async function makeMessageFile(root: string, container: Container, user?: User): Promise<string | undefined> {
  const file = messagePath(container);
  if (file === undefined) return undefined;
  const place = path.join(root, file);
  await mkdir(path.dirname(place), { recursive: true });
  await using handle = await open(place, 'w', 0o644);
  if (user) await handle.chown(user.uid, user.gid);
  return file;
}

/** The last bytes of a file; empty when it is not there or is not a plain file. */
async function tail(file: string, bytes: number): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return '';
  try {
    const info = await handle.stat();
    if (!info.isFile()) return '';
    const length = Math.min(bytes, info.size);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, info.size - length);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}

/** The last bytes of a text, without a torn character at their beginning. */
function lastBytes(text: string, bytes: number): string {
  const all = Buffer.from(text);
  return all
    .subarray(Math.max(0, all.length - bytes))
    .toString('utf8')
    .replace(/^\uFFFD+/, '');
}

/** The end of a run's log as it was written, without times and streams. */
async function logEnd(directory: string): Promise<string> {
  const files = [...rotatedLogFiles(directory).slice(-1), logFile(directory)];
  const texts = await Promise.all(files.map((file) => tail(file, readBytes)));
  const lines = texts.join('').split('\n').slice(0, -1).slice(-logLines);
  const text = lines.map((line) => line.replace(/^\S+ \S+ (\S+) /, '')).join('\n');
  return lastBytes(text, logBytes);
}

export interface EndedRun {
  readonly container: Container;
  readonly exitCode: number;
  readonly root: string;
  readonly directory: string;
}

/** What a container that has ended says about it: its message file, or the end of its log if it failed and asks for that. */
export async function terminationMessage(run: EndedRun): Promise<string | undefined> {
  const file = messagePath(run.container);
  const written = file === undefined ? '' : await tail(path.join(run.root, file), fileBytes);
  if (written !== '') return written;
  const fallsBack = run.container.terminationMessagePolicy === 'FallbackToLogsOnError' && run.exitCode !== 0;
  const text = fallsBack ? await logEnd(run.directory) : '';
  return text === '' ? undefined : text;
}
