import type { Cause } from '../model/errors.ts';
import type { Services } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';

/** What a built-in kind does beyond its schema. Functions change the fresh copy that they are given. */
export interface KindRules {
  /** Fields that the server fills in at creation (addresses, generated selectors, a first status). */
  readonly prepare?: (object: Obj, services: Services) => void;
  /** Defaults, at creation and at every update. */
  readonly fill?: (object: Loose) => void;
  /** What an update need not repeat. */
  readonly retain?: (next: Obj, current: Obj, services: Services) => void;
  readonly validate?: (object: Obj, current: Obj | undefined) => Cause[];
}
