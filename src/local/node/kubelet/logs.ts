import { createReadStream, existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { logFile, rotatedLogFiles } from '../container/log-file.ts';
import type { PodManager } from '../pod/manager.ts';
import type { PodWorker } from '../pod/worker.ts';
import { flag, RequestError, type Route } from './route.ts';

const pollMs = 100;

/** One line of a log file: time, stream, F(ull) or P(artial), text. */
interface Line {
  readonly time: string;
  readonly text: string;
  readonly partial: boolean;
}

function parse(line: string): Line {
  const [time = '', , tag] = line.split(' ', 3);
  return { time, partial: tag === 'P', text: line.split(' ').slice(3).join(' ') };
}

async function* existingLines(files: readonly string[]): AsyncGenerator<Line> {
  for (const file of files.filter((name) => existsSync(name))) {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) yield parse(line);
  }
}

function runDirectory(worker: PodWorker, route: Route): string {
  const record = worker.record.containers[route.container];
  const run = flag(route.query, 'previous') ? record?.previous : record?.run;
  if (!run) {
    const known = [...(worker.pod.spec.initContainers ?? []), ...worker.pod.spec.containers];
    if (!known.some(({ name }) => name === route.container)) {
      throw new RequestError(404, `container ${route.container} not found in pod ${route.pod}`);
    }
    const which = flag(route.query, 'previous') ? 'previous terminated container' : 'container';
    throw new RequestError(400, `${which} "${route.container}" in pod "${route.pod}" not found (waiting to start)`);
  }
  return worker.containerDirectory(route.container, run.attempt);
}

/** Shapes lines as asked for and writes them; false when the limit is reached or the reader has gone. */
class LogWriter {
  readonly #response: ServerResponse;
  readonly #timestamps: boolean;
  #left: number;

  constructor(response: ServerResponse, query: URLSearchParams) {
    this.#response = response;
    this.#timestamps = flag(query, 'timestamps');
    this.#left = Number(query.get('limitBytes') ?? Infinity);
  }

  async write(line: Line): Promise<boolean> {
    const text = `${this.#timestamps ? `${line.time} ` : ''}${line.text}${line.partial ? '' : '\n'}`;
    const bytes = Buffer.from(text).subarray(0, Math.min(this.#left, Number.MAX_SAFE_INTEGER));
    this.#left -= bytes.length;
    if (this.#response.destroyed) return false;
    if (!this.#response.write(bytes))
      await new Promise((resolve) => this.#response.once('drain', resolve).once('close', resolve));
    return this.#left > 0;
  }
}

function sinceTime(query: URLSearchParams): string {
  const seconds = query.get('sinceSeconds');
  if (seconds !== null) return new Date(Date.now() - Number(seconds) * 1000).toISOString();
  const time = query.get('sinceTime');
  return time === null ? '' : new Date(time).toISOString();
}

async function lastLines(files: readonly string[], since: string, count: number): Promise<Line[]> {
  const kept: Line[] = [];
  for await (const line of existingLines(files)) {
    if (line.time < since) continue;
    kept.push(line);
    if (kept.length > count) kept.shift();
  }
  return kept;
}

/** Follows a log file from an offset, over rotations, until the container has ended or the reader has gone. */
async function follow(file: string, from: number, writer: LogWriter, going: () => boolean): Promise<void> {
  let offset = from;
  let rest = '';
  for (let last = false; ;) {
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    if (size < offset) offset = 0;
    if (size > offset) {
      const chunk = await readFrom(file, offset, size - offset);
      offset += chunk.length;
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!(await writer.write(parse(line)))) return;
      continue;
    }
    if (last) return;
    last = !going();
    if (!last) await delay(pollMs);
  }
}

async function readFrom(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(
      Buffer.alloc(Math.min(length, 1 << 20)),
      0,
      Math.min(length, 1 << 20),
      offset,
    );
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** `kubectl logs`. */
export async function serveLogs(
  pods: PodManager,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const worker = pods.find(route.namespace, route.pod);
  if (!worker) throw new RequestError(404, `pod ${route.namespace}/${route.pod} does not run on this node`);
  const directory = runDirectory(worker, route);
  await worker.live(route.container)?.flushLog();
  const file = logFile(directory);
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  const tail = Number(route.query.get('tailLines') ?? Infinity);
  const lines = tail === 0 ? [] : await lastLines([...rotatedLogFiles(directory), file], sinceTime(route.query), tail);
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.flushHeaders();
  const writer = new LogWriter(response, route.query);
  for (const line of lines) if (!(await writer.write(line))) return void response.end();
  if (flag(route.query, 'follow')) {
    const live = worker.live(route.container);
    const going = (): boolean =>
      !response.destroyed && !request.destroyed && live !== undefined && worker.live(route.container) === live;
    await follow(file, size, writer, going);
  }
  response.end();
}
