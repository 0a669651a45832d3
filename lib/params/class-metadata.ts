import { TransformationType, Type } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { TasksConfigError } from '../contract/index.js';

/** Any class, also one that cannot be instantiated from here. */
export type AnyClass = abstract new (...parameters: never[]) => object;

/** A property that class-transformer makes instances for, as `@Type` says. */
export interface NestedProperty {
  readonly name: string;
  readonly types: readonly AnyClass[];
  readonly holds: 'one' | 'many' | 'map';
}

/** `type` and the classes it extends, nearest first. */
export function lineage(type: AnyClass): AnyClass[] {
  const classes: AnyClass[] = [];
  for (let current: unknown = type; typeof current === 'function' && current !== Function.prototype;) {
    classes.push(current as AnyClass);
    current = Object.getPrototypeOf(current);
  }
  return classes;
}

/** Reads what `@Type` says about the properties of `type`, inherited ones too. */
export function nestedProperties(type: AnyClass): NestedProperty[] {
  assertOneStorage();
  const found = new Map<string, NestedProperty>();
  for (const owner of lineage(type)) {
    // oxlint-disable-next-line no-underscore-dangle -- there is no public way to list them
    for (const [name, metadata] of defaultMetadataStorage._typeMetadatas.get(owner) ?? []) {
      if (found.has(name)) continue;
      const named: unknown = metadata.typeFunction?.({ newObject: {}, object: {}, property: name });
      const subTypes = metadata.options?.discriminator?.subTypes?.map(({ value }) => value as unknown) ?? [];
      const types = [named, ...subTypes].filter((candidate) => typeof candidate === 'function') as AnyClass[];
      const reflected: unknown = metadata.reflectedType;
      const holds = reflected === Map ? 'map' : reflected === Array || reflected === Set ? 'many' : 'one';
      found.set(name, { name, types, holds });
    }
  }
  return [...found.values()];
}

let oneStorage = false;

/**
 * A bundler may give the app another build of class-transformer than the one that is asked here: what `@Type` and
 * `@Sensitive` say together would be missed in silence, and secrets shown.
 */
function assertOneStorage(): void {
  if (oneStorage) return;
  class Probe {}
  Type(() => Probe)(Probe.prototype, 'probe');
  oneStorage = defaultMetadataStorage.findTypeMetadata(Probe, 'probe') !== undefined;
  if (!oneStorage) {
    throw new TasksConfigError(
      'class-transformer is loaded in two builds, so that its decorators cannot be read. Keep it out of the bundle: list ' +
        '"class-transformer" and "class-transformer/cjs/storage.js" among the externals. Or have webpack take the ' +
        "CommonJS build for both: resolve: { mainFields: ['main', 'module'] }.",
    );
  }
}

/** Whether any decorator of class-transformer says something about `type` or what it extends. */
export function hasTransformations(type: AnyClass): boolean {
  assertOneStorage();
  const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = defaultMetadataStorage;
  const stores = [_typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas];
  return lineage(type).some((owner) => stores.some((store) => store.has(owner)));
}

/** Names that stand on the prototype of `type` or of what it extends: methods and accessors. */
export function methodNames(type: AnyClass): Set<string> {
  const names = lineage(type).flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype));
  return new Set(names.filter((name) => name !== 'constructor'));
}

/** The key that `property` has in the plain form: another than its name where `@Expose({ name })` says so. */
export function plainName(type: AnyClass, property: string): string {
  return defaultMetadataStorage.findExposeMetadata(type, property)?.options?.name ?? property;
}

/** The properties of `instance` that class-transformer copies into the plain form as they are. */
export function copiedProperties(type: AnyClass, instance: object): string[] {
  const toPlain = TransformationType.CLASS_TO_PLAIN;
  const excluded = new Set(defaultMetadataStorage.getExcludedProperties(type, toPlain));
  const names =
    defaultMetadataStorage.getStrategy(type) === 'excludeAll'
      ? defaultMetadataStorage.getExposedProperties(type, toPlain).filter((name) => Object.hasOwn(instance, name))
      : Object.keys(instance);
  return names.filter(
    (name) => !excluded.has(name) && defaultMetadataStorage.findTransformMetadatas(type, name, toPlain).length === 0,
  );
}
