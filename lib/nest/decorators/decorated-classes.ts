/** The same for each copy of the package in a process. */
const CLASSES = Symbol.for('nestjs-tasks:decorated-classes');

type Held = typeof globalThis & { [CLASSES]?: Set<WeakRef<object>> };

const held = (globalThis as Held)[CLASSES] ?? new Set<WeakRef<object>>();
(globalThis as Held)[CLASSES] = held;

/** Notes that a decorator of this library stands on a class, or on one of its methods. */
export function noteDecorated(type: object): void {
  held.add(new WeakRef(type));
}

/** Every class of this process that has such a decorator, whether an app provides it or not. */
export function decoratedClasses(): object[] {
  return [...new Set([...held].flatMap((reference) => reference.deref() ?? []))];
}
