export {
  TaskHandler,
  type TaskHandlerDecorator,
  type TaskHandlerMetadata,
  type TaskHandlerOptions,
} from './task-handler.decorator.js';
