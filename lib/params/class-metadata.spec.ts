import 'reflect-metadata';
import { afterEach, describe, expect, it, vi } from 'vitest';

const STORAGE = 'class-transformer/cjs/storage.js';

describe('nestedProperties', () => {
  afterEach(() => {
    vi.doUnmock(STORAGE);
    vi.resetModules();
  });

  it('refuses to read decorators of another build of class-transformer, as a bundler may give it', async () => {
    vi.resetModules();
    vi.doMock(STORAGE, () => ({ defaultMetadataStorage: { findTypeMetadata: () => undefined } }));
    const { nestedProperties } = await import('./class-metadata.js');
    expect(() => nestedProperties(class Params {})).toThrow(
      expect.objectContaining({
        name: 'TasksConfigError',
        message: expect.stringMatching(
          /"class-transformer" and "class-transformer\/cjs\/storage\.js" .* mainFields/,
        ) as string,
      }),
    );
  });
});
