import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** What a handler answers. `stream` takes the response over. */
export type Answer =
  | { readonly kind: 'json'; readonly code: number; readonly text: string; readonly contentType?: string }
  | {
      readonly kind: 'pipe';
      readonly code: number;
      readonly headers: OutgoingHttpHeaders;
      readonly body: IncomingMessage;
    }
  | { readonly kind: 'stream'; readonly run: (out: ResponseStream) => Promise<void> };

export interface ResponseStream {
  /** Sends the head once, then chunks. False: the client reads too slowly or is gone. */
  write(chunk: string): boolean;
}

export const json = (code: number, text: string, contentType?: string): Answer => ({
  kind: 'json',
  code,
  text,
  ...(contentType && { contentType }),
});

export const jsonObject = (code: number, value: unknown): Answer => json(code, JSON.stringify(value));
