import { isMachineClock } from '../clock/index.js';
import type { EngineCapabilities } from '../engine/port/index.js';
import type { TaskSettingsOptions } from './options.js';
import type { QueueConfig, ResolvedConfig } from './resolved-config.js';
import { overlaySettings, resolveSettings } from './task-settings.js';

/** The facts about an engine that a configuration has to fit. */
export interface EngineTraits {
  readonly kind: string;
  readonly capabilities: EngineCapabilities;
}

/** Options that ask for more than the engine can do, one problem each. */
export function unfitOptions(
  { clock, queues, limits }: ResolvedConfig,
  { kind, capabilities }: EngineTraits,
): string[] {
  const problems = [...queues.keys()].flatMap((queue) => {
    const problem = capabilities.queueNameProblem?.(queue) ?? null;
    return problem === null ? [] : [`Queue "${queue}" cannot be one of the engine "${kind}": its name ${problem}.`];
  });
  if (limits.size > 0 && !capabilities.namedLimits) {
    problems.push(
      `"limits": the engine "${kind}" has no rate limits that queues share. Give each queue a "rateLimit" of its own, or ` +
        'use the embedded engine.',
    );
  }
  for (const queue of queues.values()) problems.push(...unfitFlow(queue, kind, capabilities));
  if (capabilities.clock === 'injected' || isMachineClock(clock)) return problems;
  return [
    ...problems,
    `"clock": the engine "${kind}" goes by the time of the system, so tasks would not come due by this clock. Leave ` +
      '"clock" out, or use the embedded engine, in tests for instance.',
  ];
}

function unfitFlow({ name, flow }: QueueConfig, kind: string, capabilities: EngineCapabilities): string[] {
  const { keyConcurrency, keyRateLimit, fair, weights, globalConcurrency } = flow ?? {};
  const options = [keyConcurrency !== undefined || keyRateLimit || weights ? 'key' : null, fair ? 'fair' : null];
  const unfit = capabilities.keys ? [] : options.filter((option) => option !== null);
  const problems = unfit.map((option) => `Queue "${name}": "${option}" cannot be had, as ${noKeys(kind)}`);
  if (globalConcurrency !== undefined && !capabilities.globalConcurrency) {
    problems.push(
      `Queue "${name}": "globalConcurrency" cannot be had, as the engine "${kind}" knows no limit over all processes. Leave it ` +
        'out, or use the embedded engine.',
    );
  }
  return problems;
}

/** Why an engine takes no key, and what would be right. */
export function noKeys(kind: string): string {
  return (
    `the engine "${kind}" has no slots by key, and no turns among keys. Leave it out, put what must not run beside each other ` +
    'on a queue of its own with "globalConcurrency", or use the embedded engine.'
  );
}

/** Options that mean less on the engine than elsewhere, one warning each. */
export function weakerOptions({ queues, defaults }: ResolvedConfig, { kind, capabilities }: EngineTraits): string[] {
  if (capabilities.queueRank) return [];
  return [...queues.values()]
    .filter(({ settings, concurrency }) => concurrency > 0 && settings.priority !== defaults.priority)
    .map(
      ({ name, settings }) =>
        `Queue "${name}" has priority ${settings.priority}: on the engine "${kind}" that is the priority of its tasks ` +
        'among themselves, and no rank among the queues of this process. Give it more workers instead.',
    );
}

/**
 * What is wrong with the retention that a handler or a task asks for; null where it is fine.
 *
 * @param settings over those of `queue`
 */
export function unfitRetention(
  config: Pick<ResolvedConfig, 'queues' | 'defaults'>,
  queue: string,
  settings: TaskSettingsOptions | null,
  { kind, capabilities }: EngineTraits,
): string | null {
  if (capabilities.retentionPerTask || !settings?.retention) return null;
  const own = resolveSettings(config, queue);
  const wanted = overlaySettings(own, settings).retention;
  const state = (['completed', 'failed'] as const).find((key) => wanted[key] !== own.retention[key]);
  if (state === undefined) return null;
  return (
    `"retention.${state}" differs from that of queue "${queue}", and the engine "${kind}" keeps the tasks of a queue ` +
    `equally long. Set it on the queue, under "queues" and "${queue}", or leave it out.`
  );
}
