import * as installed from '@opentelemetry/api';
import { TasksConfigError } from '../contract/index.js';

const NEEDED = '@opentelemetry/api@1';

/**
 * Where spans and metrics go unless the app says otherwise.
 *
 * @param api as a whole: an import of `metrics` by name would have Node stop at a package that is too old, with a message
 *   that does not say what to do
 * @throws TasksConfigError that names the command which helps
 */
export function globalProviders(
  api: Partial<typeof installed> = installed,
): [installed.TracerProvider, installed.MeterProvider] {
  if (api.trace !== undefined && api.metrics !== undefined) return [api.trace, api.metrics];
  throw new TasksConfigError(
    '"nestjs-tasks/otel": the @opentelemetry/api that is installed has no metrics, and 1.3 or a later 1 is needed. ' +
      `Install it with: npm install ${NEEDED} (pnpm add ${NEEDED}, yarn add ${NEEDED}, bun add ${NEEDED}).`,
  );
}
