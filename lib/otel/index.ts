/** OpenTelemetry, exported as `nestjs-tasks/otel`. */

export { TasksInstrumentation, type TasksInstrumentationOptions } from './tasks-instrumentation.js';
