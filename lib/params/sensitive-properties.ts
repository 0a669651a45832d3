import 'reflect-metadata';

/** A string, so that two copies of the package that are loaded side by side (ESM and CommonJS) mean the same key. */
const SENSITIVE_PROPERTIES = 'nestjs-tasks:sensitive';

export function markSensitive(type: object, property: string): void {
  Reflect.defineMetadata(SENSITIVE_PROPERTIES, [...sensitiveProperties(type), property], type);
}

/** Names of the properties that `type` itself, not a class it extends, marks. */
export function sensitiveProperties(type: object): readonly string[] {
  return (Reflect.getOwnMetadata(SENSITIVE_PROPERTIES, type) as string[] | undefined) ?? [];
}
