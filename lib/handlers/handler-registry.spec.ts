import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../config/index.js';
import { HandlerRegistry } from './handler-registry.js';
import type { RegisteredHandler } from './registered-handler.js';

function handler(name: string, aliases: readonly string[] = []): RegisteredHandler {
  const location = `${name}.handle`;
  return { name, aliases, kind: 'class', location, queue: null, params: null, settings: {}, call: () => undefined };
}

describe('HandlerRegistry', () => {
  const registryOf = (...handlers: RegisteredHandler[]): HandlerRegistry => {
    const registry = new HandlerRegistry({ config: { defaults: DEFAULT_SETTINGS, queues: new Map() } });
    for (const one of handlers) registry.add(one);
    return registry;
  };

  it('finds a handler by its name and by its aliases', () => {
    const mail = handler('send_email', ['mail', 'email']);
    const registry = registryOf(mail, handler('other'));
    expect(['send_email', 'mail', 'email'].map((name) => registry.get(name))).toEqual([mail, mail, mail]);
    expect(registry.get('letter')).toBeUndefined();
    expect(registry.names()).toEqual(['send_email', 'other']);
  });

  it.each([
    ['a name twice', handler('mail'), handler('mail')],
    ["another's name as an alias", handler('mail'), handler('send_email', ['mail'])],
    ["another's alias as a name", handler('send_email', ['mail']), handler('mail')],
    ['an alias twice', handler('send_email', ['mail']), handler('post', ['mail'])],
  ])('refuses %s, naming both handlers', (_, first, second) => {
    expect(() => registryOf(first, second)).toThrow(
      `Two handlers are registered for task "mail": ${first.location} and ${second.location}`,
    );
  });
});
