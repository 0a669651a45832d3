/** What is provided inside one store's module for its panel. */
export const ADMIN_SETTINGS = 'nestjs-tasks:admin-settings';
export const ADMIN_DISPATCHER = 'nestjs-tasks:admin-dispatcher';
export const ADMIN_ENGINE = 'nestjs-tasks:admin-engine';
export const ADMIN_HANDLERS = 'nestjs-tasks:admin-handlers';
export const ADMIN_CRONS = 'nestjs-tasks:admin-crons';
export const ADMIN_CONTROLLERS = 'nestjs-tasks:admin-controllers';

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 200;
export const MAX_BULK_IDS = 10_000;
export const MAX_FILTER_TEXT = 1_000;

/** What a request may weigh beside its params: the other fields of the body and the JSON around them. */
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
