import type { DiscoveryService } from '@nestjs/core';
import type { FoundTimer } from './cron.scanner.js';
import { listOf, SCHEDULE_MODULE_OPTIONS, TasksConfigError } from '../../contract/index.js';

/**
 * Stops the boot where the runner of `@nestjs/schedule` would run the methods too.
 *
 * @param methods those with Nest's `@Cron` that became durable: `Housekeeping.cleanup`
 * @throws TasksConfigError that says what to write
 */
export function refuseSecondRunner(discovery: DiscoveryService, methods: readonly string[]): void {
  if (methods.length === 0 || !runs(discovery, 'cronJobs')) return;
  throw new TasksConfigError(
    `ScheduleModule of @nestjs/schedule would run ${listOf(methods)} a second time, beside TasksModule. ` +
      'Turn its cron jobs off with ScheduleModule.forRoot({ cronJobs: false }), which keeps its intervals and timeouts, ' +
      "or leave them to it with TasksModule.forRoot({ cron: 'own' }), which makes only the @Cron of nestjs-tasks durable.",
  );
}

/** What says at boot that timers of `@nestjs/schedule` never fire, as nothing runs them; null where there is nothing to say. */
export function idleTimers(discovery: DiscoveryService, timers: readonly FoundTimer[]): string | null {
  const idle = timers.filter(({ kind }) => !runs(discovery, kind === 'Interval' ? 'intervals' : 'timeouts'));
  if (idle.length === 0) return null;
  return (
    `Nothing runs ${listOf(idle.map(({ kind, location }) => `@${kind} on ${location}`))}: these are timers of ` +
    '@nestjs/schedule. Import ScheduleModule.forRoot({ cronJobs: false }), which runs them in each process, or make an ' +
    "interval a durable schedule that runs once for all processes: @Cron('@every 5m')."
  );
}

/** Its runner is there once `forRoot` or `forRootAsync` was imported; the options it was given are a provider. */
function runs(discovery: DiscoveryService, kind: 'cronJobs' | 'intervals' | 'timeouts'): boolean {
  return discovery.getProviders().some((wrapper) => {
    if (wrapper.token !== SCHEDULE_MODULE_OPTIONS) return false;
    const options = wrapper.instance as Partial<Record<typeof kind, boolean>> | undefined;
    return Boolean(options?.[kind]);
  });
}
