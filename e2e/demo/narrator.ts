import pc from 'picocolors';

export interface Timing {
  readonly what: string;
  readonly seconds: number;
}

/** Tells each step as it happens: a live line with a clock on a terminal, one plain line a step elsewhere. */
export class Narrator {
  readonly timings: Timing[] = [];
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
    this.#live = out.isTTY;
  }

  /** Runs a step; `detail` of its result is said behind the title. */
  async step<T>(title: string, work: () => Promise<T>, detail: (result: T) => string = () => ''): Promise<T> {
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    const clock = this.#live
      ? setInterval(() => this.#out.write(`\r${pc.yellow('…')} ${title} ${pc.dim(`${seconds().toFixed(1)} s`)}`), 100)
      : undefined;
    try {
      const result = await work();
      this.timings.push({ what: title, seconds: seconds() });
      this.#line(pc.green('✓'), title, seconds(), detail(result));
      return result;
    } catch (error) {
      this.#line(pc.red('✗'), title, seconds(), '');
      throw error;
    } finally {
      clearInterval(clock);
    }
  }

  say(text: string): void {
    this.#out.write(`${text}\n`);
  }

  #line(mark: string, title: string, seconds: number, detail: string): void {
    const time = pc.dim(`${seconds.toFixed(1)} s`.padStart(7));
    this.#out.write(
      `${this.#live ? '\r\x1b[2K' : ''}${mark} ${time}  ${title}${detail ? `: ${pc.bold(detail)}` : ''}\n`,
    );
  }
}

/** Rows of figures under each other, the first column left, the second right. */
export function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const right = Math.max(...rows.map(([, value]) => value.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value.padStart(right)}`).join('\n');
}
