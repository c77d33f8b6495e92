import { stripTypeScriptTypes } from 'node:module';

/** Node's own type stripping: tests run on the same text, at the same columns, as the program does. */
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  async processAsync(source) {
    return this.process(source);
  },
};
