import 'reflect-metadata';
import { lineage, nestedProperties, plainName, type AnyClass } from './class-metadata.js';
import { ANY_DEPTH, ANY_PROPERTY, pathSegment, type SensitivePath } from './sensitive-path.js';

/** A string, so that two copies of the package that are loaded side by side (ESM and CommonJS) mean the same key. */
const SENSITIVE_PROPERTIES = 'nestjs-tasks:sensitive';

const known = new WeakMap<AnyClass, SensitivePath[]>();

/**
 * Where the params of `type` hold sensitive values, through the classes that `@Type` names. A class that contains
 * itself would have paths without end: from where it repeats, its names are sensitive at any depth.
 */
export function sensitivePaths(type: AnyClass): SensitivePath[] {
  let paths = known.get(type);
  if (!paths) {
    paths = [...new Set(pathsOf(type, []))];
    known.set(type, paths);
  }
  return paths;
}

function pathsOf(type: AnyClass, within: readonly AnyClass[]): SensitivePath[] {
  const own = ownNames(type).map(pathSegment);
  const inner = nestedProperties(type).flatMap(({ name, types, holds }) => {
    const suffix = holds === 'many' ? '[]' : holds === 'map' ? `.${ANY_PROPERTY}` : '';
    const prefixes = bothNames(type, name).map((key) => `${pathSegment(key)}${suffix}.`);
    return types.flatMap((nested) => {
      const paths =
        nested === type || within.includes(nested)
          ? namesWithin(nested, new Set()).map((key) => `${ANY_DEPTH}.${pathSegment(key)}`)
          : pathsOf(nested, [...within, type]);
      return prefixes.flatMap((prefix) => paths.map((path) => prefix + path));
    });
  });
  return [...own, ...inner];
}

/** Every sensitive name of `type` and of what it contains. */
function namesWithin(type: AnyClass, seen: Set<AnyClass>): string[] {
  if (seen.has(type)) return [];
  seen.add(type);
  const nested = nestedProperties(type).flatMap(({ types }) => types);
  return [...ownNames(type), ...nested.flatMap((inner) => namesWithin(inner, seen))];
}

function ownNames(type: AnyClass): string[] {
  return lineage(type)
    .flatMap((owner) => sensitiveProperties(owner))
    .flatMap((property) => bothNames(type, property));
}

/** The stored key may be the property's name or the one that `@Expose` gives it: class-transformer reads both. */
function bothNames(type: AnyClass, property: string): string[] {
  return [...new Set([property, plainName(type, property)])];
}

export function markSensitive(type: object, property: string): void {
  Reflect.defineMetadata(SENSITIVE_PROPERTIES, [...sensitiveProperties(type), property], type);
}

/** Names of the properties that `type` itself, not a class it extends, marks. */
export function sensitiveProperties(type: object): readonly string[] {
  return (Reflect.getOwnMetadata(SENSITIVE_PROPERTIES, type) as string[] | undefined) ?? [];
}
