export { HandlerExplorer, handlerQueues } from './handler.explorer.js';
export { HandlerRegistry } from './handler.registry.js';
export { HandlerScanner, type FoundHandler } from './handler.scanner.js';
export { instanceFor, type ProviderWrapper } from './provider-instance.js';
export type { RegisteredHandler } from './registered-handler.js';
export { Stores } from './stores.js';
export { ProviderExplorer } from './provider-explorer.js';
