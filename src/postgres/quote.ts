// Values on their way into SQL, configuration files and connection strings. Every value passes through one of these.

/** An SQL identifier, always quoted. PostgreSQL has no escape for a zero byte. */
export function quoteIdentifier(name: string): string {
  refuseZero(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string literal that means the same whatever standard_conforming_strings says. */
export function quoteLiteral(value: string): string {
  refuseZero(value);
  const doubled = value.replaceAll("'", "''");
  return value.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** A value in postgresql.conf (PostgreSQL documentation 20.1.2: quotes are doubled, backslash escapes hold within quotes). */
export function quoteSetting(value: string): string {
  refuseZero(value);
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `'${escaped}'`;
}

/** A value of a keyword/value connection string (libpq, 34.1.1.1). */
export function quoteConnectionValue(value: string): string {
  refuseZero(value);
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A connection string from its keywords; those without a value are left out. */
export function connectionString(keywords: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(keywords)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([keyword, value]) => `${keyword}=${quoteConnectionValue(value)}`)
    .join(' ');
}

/** The lines of a configuration file. Names are PostgreSQL's own: letters, digits, underscores, dots. */
export function settingsFile(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][\w.$]*$/.test(name)) throw new Error(`"${name}" is not the name of a PostgreSQL parameter`);
      return `${name} = ${quoteSetting(value)}\n`;
    })
    .join('');
}

/** A word of archive_command or restore_command: for the shell, and with % doubled for PostgreSQL. */
export function quoteCommandWord(text: string): string {
  refuseZero(text);
  return `'${text.replaceAll("'", `'\\''`)}'`.replaceAll('%', '%%');
}

function refuseZero(value: string): void {
  if (value.includes('\0')) throw new Error('a value with a zero byte cannot be given to PostgreSQL');
}
