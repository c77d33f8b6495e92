/** A document as nested arrays of [name, text or children]; repeated names are repeated entries. */
export type XmlNode = readonly [name: string, content: string | number | boolean | readonly (XmlNode | undefined)[]];

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

const escapeText = (text: string): string =>
  // Control characters are legal in keys but not in XML; their references are what S3 itself sends.
  text.replace(/[&<>"\0-\x1f\x7f\ufffe\uffff]/g, (character) => {
    const named = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[character];
    return named ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  });

function renderNode([name, content]: XmlNode): string {
  const inner = Array.isArray(content)
    ? (content as readonly (XmlNode | undefined)[]).map((child) => (child ? renderNode(child) : '')).join('')
    : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

export const renderXml = ([name, content]: XmlNode): string =>
  declaration + renderNode([name, content]).replace(`<${name}>`, `<${name} xmlns="${namespace}">`);

/** Error documents have no namespace. */
export const renderErrorXml = (children: readonly (XmlNode | undefined)[]): string =>
  declaration + renderNode(['Error', children]);

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescapeText = (text: string): string =>
  text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (_, name: string) => {
    if (name.startsWith('#')) {
      const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
      if (code > 0x10ffff) throw new Error('bad character reference');
      return String.fromCodePoint(code);
    }
    const known = entities[name];
    if (known === undefined) throw new Error(`unknown entity ${name}`);
    return known;
  });

const maxDepth = 16;

/**
 * The small XML that S3 requests are made of: elements, text and references. Attributes and prefixes are passed over; document
 * types (and with them entity expansion), CDATA and processing instructions other than the declaration are refused.
 */
export function parseXml(text: string): XmlElement {
  const token = /<\?xml[^>]*\?>|<!--[^]*?-->|<(\/?)([\w.:-]+)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/gy;
  const top: XmlElement[] = [];
  const open: { name: string; text: string; children: XmlElement[] }[] = [];
  token.lastIndex = text.startsWith('\ufeff') ? 1 : 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (!match) throw new Error('not well-formed');
    const [, closing, rawName, , empty, characters] = match;
    const current = open.at(-1);
    if (characters !== undefined) {
      if (current) current.text += unescapeText(characters);
      else if (characters.trim() !== '') throw new Error('text outside of the root element');
    } else if (rawName !== undefined) {
      const name = rawName.slice(rawName.indexOf(':') + 1);
      if (closing === '/') {
        if (current?.name !== name) throw new Error(`unexpected </${name}>`);
        open.pop();
      } else {
        if (open.length >= maxDepth) throw new Error('nested too deeply');
        const element = { name, text: '', children: [] };
        (current ? current.children : top).push(element);
        if (empty !== '/') open.push(element);
      }
    }
  }
  const [root] = top;
  if (!root || top.length > 1 || open.length > 0) throw new Error('not one complete element');
  return root;
}

export const childText = (element: XmlElement, name: string): string | undefined =>
  element.children.find((child) => child.name === name)?.text;

export const childrenNamed = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child) => child.name === name);
