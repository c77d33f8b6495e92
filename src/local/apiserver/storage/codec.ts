import type { Obj } from '../model/types.ts';

const texts = new WeakMap<object, string>();

/** JSON of a stored object. Stored objects never change, so each is written out once for all readers and watchers. */
export function encode(object: Obj): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}
