import 'reflect-metadata';
import { afterEach, describe, expect, it, vi } from 'vitest';

const STORAGE = 'class-transformer/cjs/storage.js';
const IN_A_BUNDLE = './class-metadata.js?in-a-bundle';

describe('nestedProperties', () => {
  afterEach(() => vi.doUnmock(STORAGE));

  it('refuses to read decorators of another build of class-transformer, as a bundler may give it', async () => {
    vi.doMock(STORAGE, () => ({ defaultMetadataStorage: { findTypeMetadata: () => undefined } }));
    const { nestedProperties } = (await import(/* @vite-ignore */ IN_A_BUNDLE)) as typeof import('./class-metadata.js');
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
