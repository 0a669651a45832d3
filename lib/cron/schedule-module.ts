import type { DiscoveryService } from '@nestjs/core';
import { listOf, TasksConfigError } from '../errors/index.js';
import { SCHEDULE_MODULE_OPTIONS } from './cron.constants.js';

/**
 * Stops the boot where the runner of `@nestjs/schedule` would run the methods too.
 *
 * @param methods those with Nest's `@Cron` that became durable: `Housekeeping.cleanup`
 * @throws TasksConfigError that says what to write
 */
export function refuseSecondRunner(discovery: DiscoveryService, methods: readonly string[]): void {
  if (methods.length === 0 || !runsCronJobs(discovery)) return;
  throw new TasksConfigError(
    `ScheduleModule of @nestjs/schedule would run ${listOf(methods)} a second time, beside TasksModule. ` +
      'Turn its cron jobs off with ScheduleModule.forRoot({ cronJobs: false }), which keeps its intervals and timeouts, ' +
      "or leave them to it with TasksModule.forRoot({ cron: 'own' }), which makes only the @Cron of nestjs-tasks durable.",
  );
}

/** Its runner is there once `forRoot` or `forRootAsync` was imported; the options it was given are a provider. */
function runsCronJobs(discovery: DiscoveryService): boolean {
  return discovery.getProviders().some((wrapper) => {
    if (wrapper.token !== SCHEDULE_MODULE_OPTIONS) return false;
    const options = wrapper.instance as { cronJobs?: boolean } | undefined;
    return Boolean(options?.cronJobs);
  });
}
