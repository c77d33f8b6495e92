import type { Environment } from '@marcbachmann/cel-js';
import type { Loose } from '../model/types.ts';
import { celEnvironment } from './cel-library.ts';

export type Program = (context: Record<string, Loose>) => Loose;

/** Compiled rules. Made when the first rule is met: most test servers never meet one. */
export class Programs {
  #env: Environment | undefined;
  readonly #compiled = new Map<string, Program>();

  compile(expression: string): Program {
    const known = this.#compiled.get(expression);
    if (known) return known;
    const compiled = this.#environment().parse(expression) as Program;
    this.#compiled.set(expression, compiled);
    return compiled;
  }

  /** The value as a CEL optional. */
  optional(value: Loose): Loose {
    return value === undefined
      ? this.compile('optional.none()')({})
      : this.compile('optional.of(self)')({ self: value });
  }

  #environment(): Environment {
    return (this.#env ??= celEnvironment());
  }
}
