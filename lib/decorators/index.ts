export { getTaskDispatcherToken, InjectTaskDispatcher } from './inject-task-dispatcher.decorator.js';
export {
  TaskHandler,
  type TaskHandlerDecorator,
  type TaskHandlerMetadata,
  type TaskHandlerOptions,
} from './task-handler.decorator.js';
