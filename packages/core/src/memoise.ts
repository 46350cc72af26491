import { isDeepStrictEqual } from 'node:util';

/**
 * A pass makes everything anew from the state as it is, and most of that state is what it was: a part that did not change is the same
 * object, and no object of it ever changes. So what was made of the very same objects may be handed out again: nobody can tell it from
 * what would be made now. Only functions of immutable things may be wrapped in these.
 */

/**
 * `make`, which makes something again only where one of `others` is not what it was when the same `key` was given last. Only arguments that
 * `make` declares count: as a callback of `map` it is given more.
 */
export function memoise<Key extends object, Others extends readonly unknown[], Made>(
  make: (key: Key, ...others: Others) => Made,
): (key: Key, ...others: Others) => Made {
  const kept = new WeakMap<Key, { readonly others: Others; readonly made: Made }>();
  const declared = make.length - 1;
  return (key, ...given) => {
    const others = given.length > declared ? (given.slice(0, declared) as unknown as Others) : given;
    const last = kept.get(key);
    if (last !== undefined && haveSameItems(last.others, others)) return last.made;
    const made = make(key, ...others);
    kept.set(key, { others, made });
    return made;
  };
}

/** The same for what is made of a key and a list, which may be another list of the same items. */
export function memoiseList<Key extends object, Item, Made>(
  make: (key: Key, items: readonly Item[]) => Made,
): (key: Key, items: readonly Item[]) => Made {
  const kept = new WeakMap<Key, { readonly items: readonly Item[]; readonly made: Made }>();
  return (key, items) => {
    const last = kept.get(key);
    if (last !== undefined && haveSameItems(last.items, items)) return last.made;
    const made = make(key, items);
    kept.set(key, { items, made });
    return made;
  };
}

/** One list for each key, for as long as its items are the same. */
export function keepList<Key extends object, Item>(): (key: Key, items: readonly Item[]) => readonly Item[] {
  return memoiseList((_key, items) => items);
}

/** One value for each key, for as long as it is equal. */
export function keepEqual<Key extends object, T>(): (key: Key, value: T) => T {
  const kept = new WeakMap<Key, T>();
  return (key, value) => {
    const last = kept.get(key);
    if (last !== undefined && isDeepStrictEqual(last, value)) return last;
    kept.set(key, value);
    return value;
  };
}

/** Hands out one object for all with the same text, for as long as somebody has it: equal ones can then be told by identity. */
export function shareEqual<T extends object>(textOf: (value: T) => string): (value: T) => T {
  const shared = new Map<string, WeakRef<T>>();
  const forget = new FinalizationRegistry((text: string) => {
    if (shared.get(text)?.deref() === undefined) shared.delete(text);
  });
  return value => {
    const text = textOf(value);
    const known = shared.get(text)?.deref();
    if (known !== undefined) return known;
    shared.set(text, new WeakRef(value));
    forget.register(value, text);
    return value;
  };
}

function haveSameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}
