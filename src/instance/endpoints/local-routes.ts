import type { WalHandlers } from '../wal/port.ts';
import { json, text, type Routes } from '../http/respond.ts';

/** What programs inside the pod may ask over plain HTTP: PostgreSQL's archive and restore commands, people with a shell. */
export function localRoutes(handlers: WalHandlers, status: () => Promise<unknown>): Routes {
  return {
    'POST /wal/archive': async (url, _request, signal) => {
      const path = url.searchParams.get('path');
      if (path === null) return text(400, 'no path');
      const result = await handlers.archiver.archive(path, signal);
      if (result.outcome === 'given-up') return text(503, result.message);
      return result.outcome === 'failed' ? text(500, result.message) : text(200, result.outcome);
    },
    'POST /wal/restore': async (url, _request, signal) => {
      const [file, path] = [url.searchParams.get('file'), url.searchParams.get('path')];
      if (file === null || path === null) return text(400, 'no file or path');
      const result = await handlers.restorer.restore(file, path, signal);
      if (result.outcome === 'restored') return text(200, 'restored');
      if (result.outcome === 'absent') return text(404, 'not in the archive');
      return text(result.fatal ? 500 : 409, result.message);
    },
    'GET /pg/status': async () => json(200, await status()),
  };
}
