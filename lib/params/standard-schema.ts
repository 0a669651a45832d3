import type { Type } from '@nestjs/common';

/**
 * What the library needs of a schema that follows Standard Schema 1 (https://standardschema.dev), as those of zod, valibot
 * and arktype do.
 */
export interface StandardSchema<Output extends object = object> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** Whether a value is such a schema. A schema may be a function: arktype's are. */
export function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = (value as { '~standard'?: unknown })['~standard'];
  return typeof (standard as { validate?: unknown } | null | undefined)?.validate === 'function';
}

/** The type of a task's params: a class with rules of class-validator, or a schema of any library. */
export type ParamsType<Params extends object = object> = Type<Params> | StandardSchema<Params>;
