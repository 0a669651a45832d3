import type { ResolvedConfig } from '../../config/index.js';
import { TasksConfigError } from '../../contract/index.js';
import type { AdminSettings } from '../admin-settings.js';

/** The route of one store's metrics. */
export interface MetricsSettings {
  readonly store: string;
  /** Without slashes at its ends; null: there is no route. */
  readonly path: string | null;
  /** Who may read it: everybody, whom these guards let in, or whom the panel lets in. */
  readonly access: 'open' | 'guards' | 'panel';
  readonly guards: AdminSettings['guards'];
  readonly notMounted: AdminSettings['notMounted'];
}

/** @throws TasksConfigError where it is to be guarded as the panel is, and there is none */
export function metricsSettings(
  { name, metrics }: Pick<ResolvedConfig, 'name' | 'metrics'>,
  panel: AdminSettings,
): MetricsSettings {
  const route = typeof metrics === 'object' ? metrics : null;
  const guards = route?.guards ?? [];
  const access = guards.length > 0 ? 'guards' : (route?.access ?? 'panel');
  const asPanel = route !== null && access === 'panel';
  if (asPanel && panel.notMounted === 'switched-off') {
    throw new TasksConfigError(
      '"metrics.path": the route is guarded as the panel is, and there is none ("admin: false"). Set "metrics.guards", or ' +
        '"metrics.access" to "open" where only those reach it who may read it.',
    );
  }
  const notMounted = asPanel ? panel.notMounted : null;
  return { store: name, path: notMounted === null ? (route?.path ?? null) : null, access, guards, notMounted };
}
