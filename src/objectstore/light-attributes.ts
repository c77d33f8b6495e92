import { errorKind } from './errors.ts';
import type { HttpAnswer } from './light-http.ts';
import type { ObjectAttributes } from './port.ts';
import { encodeQuery } from './sigv4.ts';

export const metaPrefix = 'x-amz-meta-';

/** Attributes of an object as the headers of a put or of a multipart upload's beginning. */
export function attributeHeaders({
  metadata = {},
  contentType,
  tags,
  encryption,
}: ObjectAttributes): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`${metaPrefix}${name}`, value])),
    'content-type': contentType ?? 'application/octet-stream',
    ...(tags && { 'x-amz-tagging': encodeQuery(tags) }),
    ...(encryption && { 'x-amz-server-side-encryption': encryption }),
  };
}

/** Reads what nobody wants to know, so that the connection can be used again. */
export const drop = ({ body }: HttpAnswer): void => void body.resume();

export const ignoreMissing = (error: unknown): void => {
  if (errorKind(error) !== 'not-found') throw error;
};
