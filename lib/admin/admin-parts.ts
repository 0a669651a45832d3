import type { InjectionToken, Provider, Type } from '@nestjs/common';
import type { ResolvedConfig } from '../config/index.js';
import { AdminGuard } from './access/admin.guard.js';
import { ConfiguredGuards } from './access/configured-guards.js';
import { PanelAddress } from './access/panel-address.js';
import { PanelKey } from './access/panel-key.js';
import { PanelSession } from './access/panel-session.js';
import { SignInFilter } from './access/sign-in.filter.js';
import { AdminMount } from './admin-mount.js';
import { type AdminSettings, adminSettings } from './admin-settings.js';
import {
  ADMIN_CONTROLLER,
  ADMIN_CRONS,
  ADMIN_DISPATCHER,
  ADMIN_HANDLERS,
  ADMIN_METRICS,
  ADMIN_OPERATIONS,
  ADMIN_RESOURCES,
  ADMIN_SETTINGS,
  METRICS_CONTROLLER,
  METRICS_SETTINGS,
} from './admin.constants.js';
import { metricsController } from './metrics/metrics-controller.js';
import { MetricsGuard, MetricsGuards } from './metrics/metrics-guard.js';
import { MetricsMount } from './metrics/metrics-mount.js';
import { metricsSettings } from './metrics/metrics-settings.js';
import { ApiRouter } from './api/api-router.js';
import { CronsResource } from './api/crons.resource.js';
import { EngineResource } from './api/engine.resource.js';
import { EventsResource } from './api/events.resource.js';
import { HandlersResource } from './api/handlers.resource.js';
import { LimitsResource } from './api/limits.resource.js';
import { ProblemsResource } from './api/problems.resource.js';
import { QueuesResource } from './api/queues.resource.js';
import type { Resource } from './api/resource.js';
import { StoreResource } from './api/store.resource.js';
import { StepsResource } from './api/steps.resource.js';
import { TasksResource } from './api/tasks.resource.js';
import { WorkflowsResource } from './api/workflows.resource.js';
import { AuditTrail } from './audit/audit-trail.js';
import { ChangeFeed } from './events/change-feed.js';
import { Answers } from './http/answers.js';
import { ProblemFilter } from './http/problem.filter.js';
import { PanelPage } from './page/panel-page.js';
import { SignInPage } from './page/sign-in-page.js';
import { AllowedStore } from './rights/allowed-store.js';
import { AllowedWorkflows } from './rights/allowed-workflows.js';
import { RightsOf } from './rights/rights.js';
import { panelController } from './panel-controller.js';

/** The parts of the API. */
const RESOURCES: ReadonlyArray<Type<Resource>> = [
  QueuesResource,
  LimitsResource,
  ProblemsResource,
  TasksResource,
  StepsResource,
  WorkflowsResource,
  CronsResource,
  HandlersResource,
  StoreResource,
  EngineResource,
  EventsResource,
];

/** The tokens under which a store's module provides the parts that the panel needs. */
export interface AdminTokens {
  readonly config: InjectionToken<ResolvedConfig>;
  readonly operations: InjectionToken;
  readonly dispatcher: InjectionToken;
  readonly crons: InjectionToken;
  readonly handlers: InjectionToken;
  readonly metrics: InjectionToken;
}

/** The controllers and providers that a module adds to its own to have a panel. */
export interface AdminParts {
  readonly controllers: Array<Type<object>>;
  readonly providers: Provider[];
}

/** The panel and the route of the metrics of one store. Whether it is mounted, and where, follows from the store's configuration. */
export function adminParts(tokens: AdminTokens): AdminParts {
  const controller = panelController();
  const metrics = metricsController();
  return {
    controllers: [controller, metrics],
    providers: [
      { provide: ADMIN_CONTROLLER, useValue: controller },
      {
        provide: ADMIN_SETTINGS,
        useFactory: (config: ResolvedConfig) => adminSettings(config, process.env.NODE_ENV),
        inject: [tokens.config],
      },
      { provide: ADMIN_OPERATIONS, useExisting: tokens.operations },
      { provide: ADMIN_DISPATCHER, useExisting: tokens.dispatcher },
      { provide: ADMIN_CRONS, useExisting: tokens.crons },
      { provide: ADMIN_HANDLERS, useExisting: tokens.handlers },
      { provide: ADMIN_METRICS, useExisting: tokens.metrics },
      { provide: METRICS_CONTROLLER, useValue: metrics },
      {
        provide: METRICS_SETTINGS,
        useFactory: (config: ResolvedConfig, panel: AdminSettings) => metricsSettings(config, panel),
        inject: [tokens.config, ADMIN_SETTINGS],
      },
      ...RESOURCES,
      {
        provide: ADMIN_RESOURCES,
        useFactory: (...resources: readonly Resource[]) => resources,
        inject: [...RESOURCES],
      },
      ApiRouter,
      RightsOf,
      AllowedStore,
      AllowedWorkflows,
      PanelPage,
      Answers,
      AuditTrail,
      ChangeFeed,
      ConfiguredGuards,
      PanelKey,
      PanelAddress,
      PanelSession,
      SignInPage,
      SignInFilter,
      AdminGuard,
      ProblemFilter,
      AdminMount,
      MetricsGuards,
      MetricsGuard,
      MetricsMount,
    ],
  };
}
