import type { FactoryProvider, InjectionToken } from '@nestjs/common';

/** The token that each part of a class is provided under, by the name that the class has for the part. */
type TokensOf<Parts> = { readonly [Part in keyof Parts]: InjectionToken };

/**
 * Provides a class that takes its parts as one record.
 *
 * @param provide token of the class
 * @param after tokens of what has to be there before, though it is no part
 */
export function madeOf<T, Parts extends object>(
  provide: InjectionToken<T>,
  type: new (parts: Parts) => T,
  tokens: TokensOf<Parts>,
  after: readonly InjectionToken[] = [],
): FactoryProvider<T> {
  const names = Object.keys(tokens) as Array<keyof Parts & string>;
  return {
    provide,
    inject: [...names.map((name) => tokens[name]), ...after],
    useFactory: (...given: readonly unknown[]) =>
      new type(Object.fromEntries(names.map((name, index) => [name, given[index]])) as Parts),
  };
}
