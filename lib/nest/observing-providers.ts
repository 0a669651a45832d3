import type { InjectionToken, Provider } from '@nestjs/common';
import { AlertWatch } from '../alerts/index.js';
import { HandlerRegistry } from '../handlers/index.js';
import { TasksHealth, WorkPhase } from '../health/index.js';
import { TasksMetrics } from '../metrics/index.js';
import { Operations } from '../operations/index.js';
import { madeOf } from './made-of.js';
import type { TaskDispatcher } from '../queueing/index.js';
import { TASK_ENGINE, TASKS_CONFIG, TASKS_LOGGER } from './tasks.constants.js';

/** What tells of a store's work to those who watch over the app. */
export function observingProviders(
  metrics: InjectionToken<TasksMetrics>,
  health: InjectionToken<TasksHealth>,
  dispatcher: InjectionToken<TaskDispatcher>,
): Provider[] {
  const store = { config: TASKS_CONFIG, operations: Operations, engine: TASK_ENGINE };
  return [
    madeOf(metrics, TasksMetrics, store),
    madeOf(health, TasksHealth, { ...store, phase: WorkPhase }),
    madeOf(AlertWatch, AlertWatch, { ...store, registry: HandlerRegistry, dispatcher, logger: TASKS_LOGGER }),
  ];
}
