import type { ContentRecord } from '../replication/manifest-check.ts';
import { TarReader } from '../replication/tar.ts';

/** An archive as it passes by. */
export interface Observation {
  readonly record: ContentRecord;
  /** '' or `pg_tblspc/<oid>/`. */
  readonly manifestPrefix: string;
  /** Contents of these files of the archive are kept. */
  readonly keep?: Map<string, string>;
}

/** Two blocks of zeros end an archive; PostgreSQL before 15 leaves them to the receiver. */
const archiveEnd = Buffer.alloc(1024);

/** Passes an archive on unchanged while its files are measured and hashed for the manifest's sake. */
export async function* observe(content: AsyncIterable<Buffer>, seen: Observation): AsyncGenerator<Buffer> {
  const reader = new TarReader();
  let kept: { name: string; chunks: Buffer[] } | undefined;
  for await (const chunk of content) {
    for (const event of reader.push(chunk)) {
      if (event.kind === 'entry' && event.entry.type === 'file') {
        seen.record.begin(seen.manifestPrefix + event.entry.path);
        kept = seen.keep?.has(event.entry.path) ? { name: event.entry.path, chunks: [] } : undefined;
      } else if (event.kind === 'data') {
        seen.record.update(event.chunk);
        kept?.chunks.push(Buffer.from(event.chunk));
      } else if (event.kind === 'end') {
        seen.record.end();
        if (kept) seen.keep?.set(kept.name, Buffer.concat(kept.chunks).toString());
        kept = undefined;
      }
    }
    yield chunk;
  }
  reader.finish();
  if (!reader.ended) yield archiveEnd;
}
