import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { EngineCapabilities } from '../../engine/port/index.js';
import type { Operations } from '../../operations/index.js';
import { VERSION } from '../../version.js';
import { panelsOf } from '../admin-mount.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_OPERATIONS, ADMIN_SETTINGS } from '../admin.constants.js';
import { type Resource, type Routes, withoutQuery } from './resource.js';

/** Facts that a panel needs before it shows anything. */
export interface EngineInfo {
  /** `sqlite`, `bullmq-redis` or `bullmq-postgres`. */
  readonly kind: string;
  readonly capabilities: EngineCapabilities;
  /** Whether tasks can wait for others here. */
  readonly workflows: boolean;
  readonly readOnly: boolean;
  /** The library's version. */
  readonly version: string;
  /** Path of this panel in the app, without a global prefix. */
  readonly path: string;
  /** The panels of the app, this one too: the store that each shows, and its path. */
  readonly panels: ReadonlyArray<{ readonly store: string; readonly path: string }>;
}

@Injectable()
export class EngineResource implements Resource {
  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly modules: ModulesContainer,
  ) {}

  readonly routes: Routes = {
    'GET engine': withoutQuery((): EngineInfo => {
      const { kind, capabilities } = this.operations.store;
      return {
        kind,
        capabilities,
        workflows: this.operations.workflows.areThere,
        readOnly: this.settings.readOnly,
        version: VERSION,
        path: this.settings.path,
        panels: [...panelsOf(this.modules)].map(([path, store]) => ({ path, store })),
      };
    }),
  };
}
