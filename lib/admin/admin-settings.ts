import type { Clock } from '../clock/index.js';
import type { AdminOptions, ResolvedConfig } from '../config/index.js';
import { BODY_ALLOWANCE_BYTES } from './admin.constants.js';

/** Why a panel is not mounted: its requests are then the app's own, as if the module were not there. */
export type NotMounted = 'switched-off' | 'unguarded-in-production';

/** The panel of one store. */
export interface AdminSettings {
  readonly store: string;
  /** Without slashes at its ends. */
  readonly path: string;
  readonly guards: Required<AdminOptions>['guards'];
  /** The gate of the panel: the guards, where there are some. */
  readonly access: 'guards' | Required<AdminOptions>['access'];
  /** Metadata for the controller and its handlers, which the app's global guards read. */
  readonly metadata: Readonly<Record<string | symbol, unknown>>;
  /** Under which the panel is reached, where a proxy changes `Host`. */
  readonly origins: readonly string[];
  readonly readOnly: boolean;
  /** Null: by the user that guards leave on the request. */
  readonly user: NonNullable<AdminOptions['user']> | null;
  /** Null: everybody who is let in may see and do everything. */
  readonly can: NonNullable<AdminOptions['can']> | null;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  readonly notMounted: NotMounted | null;
}

/** @param environment `NODE_ENV`: an unguarded panel has no place in production, where a proxy may make anybody look local. */
export function adminSettings(config: ResolvedConfig, environment: string | undefined): AdminSettings {
  const { admin } = config;
  const guards = admin ? admin.guards : [];
  return {
    store: config.name,
    path: admin ? admin.path.replace(/^\/+|\/+$/g, '') : '',
    guards,
    access: !admin ? 'key' : guards.length > 0 ? 'guards' : admin.access,
    metadata: admin ? admin.metadata : {},
    origins: admin ? admin.origins : [],
    readOnly: admin ? admin.readOnly : true,
    user: admin ? admin.user : null,
    can: admin ? admin.can : null,
    clock: config.clock,
    maxBodyBytes: config.maxParamsSize + BODY_ALLOWANCE_BYTES,
    notMounted: !admin
      ? 'switched-off'
      : environment === 'production' && guards.length === 0
        ? 'unguarded-in-production'
        : null,
  };
}
