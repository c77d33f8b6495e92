import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { ArchiveOutcome, RestoreOutcome, WalArchiver, WalRestorer } from '../wal/port.ts';

export interface WalServer extends AsyncDisposable {
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function archiveAnswer(result: ArchiveOutcome): Answer {
  switch (result.outcome) {
    case 'archived':
      return { status: 200, text: '' };
    case 'skipped':
      return { status: 200, text: result.reason };
    case 'failed':
      return { status: 409, text: result.message };
    case 'given-up':
      return { status: 503, text: result.message };
    default:
      return result satisfies never;
  }
}

function restoreAnswer(result: RestoreOutcome): Answer {
  switch (result.outcome) {
    case 'restored':
      return { status: 200, text: '' };
    case 'absent':
      return { status: 404, text: 'not in the archive' };
    case 'failed':
      // wal-request ends recovery on 5xx and lets PostgreSQL ask again on any other.
      return { status: result.fatal ? 500 : 409, text: result.message };
    default:
      return result satisfies never;
  }
}

/** Answers scripts/wal-request while there is no `instance run`: for recovery jobs. */
export async function serveWal(
  handlers: { readonly archiver?: WalArchiver; readonly restorer?: WalRestorer },
  host: string,
  signal: AbortSignal,
): Promise<WalServer> {
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://manager');
    const path = url.searchParams.get('path') ?? '';
    const { archiver, restorer } = handlers;
    if (url.pathname === '/wal/archive' && archiver) return archiveAnswer(await archiver.archive(path, signal));
    if (url.pathname !== '/wal/restore' || !restorer) return { status: 400, text: 'unknown request' };
    return restoreAnswer(await restorer.restore(url.searchParams.get('file') ?? '', path, signal));
  };
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request)
      .catch((error: unknown) => ({ status: 500, text: error instanceof Error ? error.message : String(error) }))
      .then(({ status, text }) => response.writeHead(status, { connection: 'close' }).end(text))
      .catch(() => response.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
