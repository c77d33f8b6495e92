/** RFC 3986 percent-encoding as SigV4 defines it: everything but unreserved characters, upper-case hexadecimal. */
export const encodeUri = (text: string | Buffer): string => {
  let encoded = '';
  for (const byte of Buffer.from(text as string)) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
};

export const encodePath = (path: string | Buffer): string => encodeUri(path).replaceAll('%2F', '/');

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Percent-decodes to bytes and reads them as UTF-8; throws for a bad escape or bad UTF-8. */
export function decodeUri(text: string): string {
  if (!text.includes('%')) return utf8.decode(Buffer.from(text, 'latin1'));
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw new Error('bad percent escape');
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return utf8.decode(Buffer.from(bytes, 'latin1'));
}

/** Name and value pairs of a query string; a name without `=` has the value ''. */
export const parseQuery = (query: string): [string, string][] =>
  query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [decodeUri(name.replaceAll('+', ' ')), decodeUri(value.replaceAll('+', ' '))];
    });
