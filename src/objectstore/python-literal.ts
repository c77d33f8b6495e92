// The literals of Python that Barman writes into backup.info with repr() and reads with ast.literal_eval().

export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | { [key: string]: PythonLiteral };

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };

export function renderPythonString(text: string): string {
  const body = text.replace(/[\\'\n\r\t]|[\0-\x1f\x7f]/g, (character) => {
    const name = Object.keys(escapes).find((escape) => escapes[escape] === character);
    return name === undefined ? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\${name}`;
  });
  return `'${body}'`;
}

/** Strings, numbers, True, False, None, lists, tuples (as lists) and dictionaries. */
export function parsePythonLiteral(text: string): PythonLiteral {
  const reader = new LiteralReader(text);
  const value = reader.value();
  reader.end();
  return value;
}

class LiteralReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): PythonLiteral {
    this.#space();
    const next = this.#text[this.#at];
    if (next === "'" || next === '"') return this.#string(next);
    if (next === '[') return this.#list(']');
    if (next === '(') return this.#list(')');
    if (next === '{') return this.#dictionary();
    const word = /^(None|True|False|[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?)\b/i.exec(this.#text.slice(this.#at))?.[0];
    if (word === undefined) throw this.#error();
    this.#at += word.length;
    if (word === 'None') return null;
    return word === 'True' || word === 'False' ? word === 'True' : Number(word);
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#error();
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #skip(expected: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== expected) return false;
    this.#at++;
    return true;
  }

  #error(): Error {
    return new Error(`not a Python literal at character ${this.#at}`);
  }

  #list(close: string): PythonLiteral[] {
    this.#at++;
    const items: PythonLiteral[] = [];
    while (!this.#skip(close)) {
      items.push(this.value());
      if (!this.#skip(',') && this.#text[this.#at] !== close) throw this.#error();
    }
    return items;
  }

  #dictionary(): Record<string, PythonLiteral> {
    this.#at++;
    const items: [string, PythonLiteral][] = [];
    while (!this.#skip('}')) {
      const key = this.value();
      if (!this.#skip(':')) throw this.#error();
      items.push([typeof key === 'string' ? key : JSON.stringify(key), this.value()]);
      if (!this.#skip(',') && this.#text[this.#at] !== '}') throw this.#error();
    }
    return Object.fromEntries(items);
  }

  #string(quote: string): string {
    let text = '';
    for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#error();
      text += character === '\\' ? this.#escape() : character;
    }
    this.#at++;
    return text;
  }

  #escape(): string {
    const name = this.#text[++this.#at] ?? '';
    const known = escapes[name];
    if (known !== undefined) return known;
    const digits = { x: 2, u: 4, U: 8 }[name];
    const code = digits && this.#text.slice(this.#at + 1, this.#at + 1 + digits);
    if (!digits || !code || !/^[0-9a-f]+$/i.test(code) || code.length < digits) throw this.#error();
    this.#at += digits;
    return String.fromCodePoint(Number.parseInt(code, 16));
  }
}
