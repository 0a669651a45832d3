import { ENGINE_KINDS, type EngineOption } from '../engine/kinds/index.js';
import type { EngineKind } from '../engine/port/index.js';
import { listOf } from '../contract/index.js';
import { type Check, checkWith, type OptionChecks, object } from '../checks/index.js';

/** One engine's options, checked by what the engine says of them. */
function optionsOf<Options extends object>(kind: EngineKind<Options>): Check<Options> {
  const names = Object.keys(kind.options) as Array<keyof Options & string>;
  const fields = object<Options>(
    Object.fromEntries(names.map((name) => [name, fieldOf(kind.options[name])])) as unknown as OptionChecks<Options>,
  );
  return (value, place) => {
    const options = fields(value, place);
    for (const { option, problem } of options ? kind.together(options) : []) {
      (option === null ? place : place.option(option)).report(problem);
    }
    return options;
  };
}

function fieldOf(check: (value: unknown) => string | null): Check<unknown> {
  return checkWith<unknown>((value) => {
    const plain = toPlain(value);
    const problem = check(plain);
    return problem === null ? { value: plain } : { problem };
  });
}

/** A mapping of the file is a `Map`. */
function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([key, entry]) => [String(key), toPlain(entry)]));
}

const kinds = Object.keys(ENGINE_KINDS) as Array<keyof EngineOption>;

const oneKind = object<EngineOption>(
  Object.fromEntries(
    kinds.map((kind) => [kind, optionsOf(ENGINE_KINDS[kind])]),
  ) as unknown as OptionChecks<EngineOption>,
);

export const engineOption: Check<EngineOption> = (value, place) => {
  const option = oneKind(value, place);
  if (option && kinds.every((kind) => option[kind] === undefined)) {
    place.report(`must name an engine: ${listOf(kinds, 'or')}`);
  }
  return option;
};
