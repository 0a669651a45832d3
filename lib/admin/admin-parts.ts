import { Controller, UseFilters, UseGuards, type InjectionToken, type Provider, type Type } from '@nestjs/common';
import type { ResolvedConfig } from '../config/resolved-config.js';
import { AdminGuard } from './access/admin.guard.js';
import { ConfiguredGuards } from './access/configured-guards.js';
import { AdminMount } from './admin-mount.js';
import { adminSettings } from './admin-settings.js';
import {
  ADMIN_CONTROLLERS,
  ADMIN_CRONS,
  ADMIN_DISPATCHER,
  ADMIN_ENGINE,
  ADMIN_HANDLERS,
  ADMIN_SETTINGS,
} from './admin.constants.js';
import { AuditController } from './api/audit.controller.js';
import { CronsController } from './api/crons.controller.js';
import { EngineController } from './api/engine.controller.js';
import { ErrorsController } from './api/errors.controller.js';
import { EventsController } from './api/events.controller.js';
import { HandlersController } from './api/handlers.controller.js';
import { MetricsController } from './api/metrics.controller.js';
import { OutboxController } from './api/outbox.controller.js';
import { QueuesController } from './api/queues.controller.js';
import { TasksController } from './api/tasks.controller.js';
import { UnknownRouteController } from './api/unknown-route.controller.js';
import { WorkersController } from './api/workers.controller.js';
import { AuditTrail } from './audit/audit-trail.js';
import { ChangeFeed } from './events/change-feed.js';
import { Answers } from './http/answers.js';
import { ProblemFilter } from './http/problem.filter.js';
import { PageController } from './page/page.controller.js';

/** In the order in which Express tries their routes. */
const CONTROLLERS = [
  PageController,
  QueuesController,
  TasksController,
  ErrorsController,
  CronsController,
  HandlersController,
  MetricsController,
  WorkersController,
  OutboxController,
  AuditController,
  EngineController,
  EventsController,
  UnknownRouteController,
];

/** What the panel needs from the module of its store: under which tokens it provides them. */
export interface AdminTokens {
  readonly config: InjectionToken<ResolvedConfig>;
  readonly engine: InjectionToken;
  readonly dispatcher: InjectionToken;
  readonly crons: InjectionToken;
  readonly handlers: InjectionToken;
}

/** What a module adds to its own controllers and providers to have a panel. */
export interface AdminParts {
  readonly controllers: Array<Type<object>>;
  readonly providers: Provider[];
}

/** The panel of one store. Whether it is mounted, and where, follows from the store's configuration. */
export function adminParts(tokens: AdminTokens): AdminParts {
  const controllers = CONTROLLERS.map(ownController);
  return {
    controllers,
    providers: [
      { provide: ADMIN_CONTROLLERS, useValue: controllers },
      {
        provide: ADMIN_SETTINGS,
        useFactory: (config: ResolvedConfig) => adminSettings(config, process.env.NODE_ENV),
        inject: [tokens.config],
      },
      { provide: ADMIN_ENGINE, useExisting: tokens.engine },
      { provide: ADMIN_DISPATCHER, useExisting: tokens.dispatcher },
      { provide: ADMIN_CRONS, useExisting: tokens.crons },
      { provide: ADMIN_HANDLERS, useExisting: tokens.handlers },
      Answers,
      AuditTrail,
      ChangeFeed,
      ConfiguredGuards,
      AdminGuard,
      ProblemFilter,
      AdminMount,
    ],
  };
}

/** A class of this module's own, since a path is metadata of the class and each store has its own path. */
function ownController(base: Type<object>): Type<object> {
  const own = { [base.name]: class extends base {} }[base.name]!;
  Controller()(own);
  UseGuards(AdminGuard)(own);
  UseFilters(ProblemFilter)(own);
  return own;
}
