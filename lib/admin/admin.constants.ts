/** Tokens that one store's module provides for its panel. */
export const ADMIN_SETTINGS = 'nestjs-tasks:admin-settings';
export const ADMIN_DISPATCHER = 'nestjs-tasks:admin-dispatcher';
export const ADMIN_OPERATIONS = 'nestjs-tasks:admin-operations';
export const ADMIN_HANDLERS = 'nestjs-tasks:admin-handlers';
export const ADMIN_CRONS = 'nestjs-tasks:admin-crons';
export const ADMIN_METRICS = 'nestjs-tasks:admin-metrics';
export const METRICS_SETTINGS = 'nestjs-tasks:metrics-settings';
export const METRICS_CONTROLLER = 'nestjs-tasks:metrics-controller';
export const ADMIN_CONTROLLER = 'nestjs-tasks:admin-controller';
export const ADMIN_RESOURCES = 'nestjs-tasks:admin-resources';

/** The metadata that `@ApiExcludeController()` of `@nestjs/swagger` sets: the app's description is of its own API. */
export const SWAGGER_EXCLUDE_METADATA = 'swagger/apiExcludeController';

export const MAX_PANEL_PAGE_SIZE = 200;

/** Bytes that a request may have beside its params: the other fields of the body and the JSON around them. */
export const BODY_ALLOWANCE_BYTES = 64 * 1024;

export const MAX_EVENT_CLIENTS = 100;
/** A client is told of changes at most once in this time. */
export const EVENT_INTERVAL_MS = 500;
/** Keeps proxies from cutting a stream on which nothing happens. */
export const EVENT_HEARTBEAT_MS = 15_000;
/** Ids named in one event. A client reads anew what it shows in any case: another process does not say what it changed. */
export const MAX_EVENT_TASK_IDS = 500;
/** A client that has this much unread is cut off: it reconnects and reads what is there then. */
export const MAX_EVENT_BACKLOG_BYTES = 1024 * 1024;
