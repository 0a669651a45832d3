import * as api from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { TasksConfigError } from '../contract/index.js';
import { globalProviders } from './global-providers.js';

describe('globalProviders', () => {
  it('are those of the installed package', () => {
    expect(globalProviders()).toEqual([api.trace, api.metrics]);
  });

  it('refuses a package from before there were metrics, naming the command that helps', () => {
    const { metrics: _, ...old } = api;
    expect(() => globalProviders(old)).toThrow(TasksConfigError);
    expect(() => globalProviders(old)).toThrow(
      /1\.3 or a later 1 is needed.* npm install @opentelemetry\/api@1 \(pnpm/,
    );
  });
});
