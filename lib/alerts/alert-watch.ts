import { clearInterval, setInterval } from '../clock/index.js';
import { DEFAULT_QUEUE, type ResolvedAlertRule, type ResolvedAlerts, type ResolvedConfig } from '../config/index.js';
import { inCleanContext } from '../context/index.js';
import { type FailureTarget, messageOf, type TaskAlert } from '../contract/index.js';
import type { EngineLogger, TaskEngine } from '../engine/port/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import type { Operations, QueueStats } from '../operations/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import { ALERT_TAG, AlertChain } from './alert-chain.js';
import { type Breach, measure } from './breach.js';

/** An alert is over where its rule is kept by so much; else a figure about its bound would raise it again and again. */
const CLEARED_BELOW = 0.8;
/** Looks in a row that have to say the same. */
const LOOKS = 2;

export interface AlertWatchParts {
  readonly config: Pick<ResolvedConfig, 'alerts' | 'queues' | 'clock' | 'limits'>;
  readonly engine: Pick<TaskEngine, 'inspecting' | 'delivering' | 'limiting' | 'keying'>;
  readonly operations: Pick<Operations, 'queues' | 'tasks'>;
  readonly registry: Pick<HandlerRegistry, 'get'>;
  readonly dispatcher: Pick<TaskDispatcher, 'queue'>;
  readonly logger: Pick<EngineLogger, 'error'>;
}

/** A rule on one queue, as this process sees it. */
interface Subject {
  readonly rule: ResolvedAlertRule;
  readonly queue: string;
  readonly chain: AlertChain;
  /** How many looks in a row have said that it is to change. */
  streak: number;
}

/**
 * Looks after the rules of the option `alerts`. Every process does, as each may be the one that is left; of what several
 * notice, one task is stored. For each rule and queue:
 *
 *     quiet ──broken at two looks in a row──> raised ──kept by a fifth at two looks in a row──> quiet
 *
 * What is raised is known from the store ({@link AlertChain}), so that it outlives the process that has noticed it.
 */
export class AlertWatch {
  private readonly subjects = new Map<string, Subject>();
  private timer: NodeJS.Timeout | undefined;
  private under: Promise<void> = Promise.resolve();

  constructor(private readonly parts: AlertWatchParts) {}

  start(): void {
    const { alerts } = this.parts.config;
    if (!alerts || this.timer) return;
    this.timer = setInterval(() => void this.look(), alerts.every).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.under;
  }

  /**
   * One look after the other. What goes wrong is logged, and looked at again the next time. An alert carries nothing of what the
   * app was started in, which may be its first request.
   */
  look(): Promise<void> {
    this.under = this.under
      .then(() => inCleanContext(() => this.lookOnce()))
      .catch((error: unknown) => this.parts.logger.error(`Looking for alerts: ${messageOf(error)}`));
    return this.under;
  }

  private async lookOnce(): Promise<void> {
    const { config, operations } = this.parts;
    const { alerts } = config;
    if (!alerts) return;
    const stats = new Map((await operations.queues.stats()).map((queue) => [queue.queue, queue]));
    const subjects = this.subjectsOf(alerts).filter(({ queue }) => stats.has(queue));
    await this.learn(subjects, targetOf(alerts, this.parts.registry));
    for (const subject of subjects) await this.lookAt(subject, stats.get(subject.queue)!, alerts);
  }

  private subjectsOf({ rules }: ResolvedAlerts): Subject[] {
    return rules.flatMap((rule) => {
      const queues = rule.queue === null ? [...this.parts.config.queues.keys()] : [rule.queue];
      return queues.map((queue) => {
        const key = JSON.stringify([rule.name, queue]);
        const known = this.subjects.get(key) ?? { rule, queue, chain: new AlertChain(rule.name, queue), streak: 0 };
        this.subjects.set(key, known);
        return known;
      });
    });
  }

  /** What other processes have told since the last look, and all have before the first. */
  private async learn(subjects: readonly Subject[], target: FailureTarget): Promise<void> {
    const { operations, engine } = this.parts;
    for (const { chain } of subjects) {
      if (chain.isKnown) continue;
      const query = { ...target, tags: { [ALERT_TAG]: chain.key }, limit: 1 };
      const { items } = await operations.tasks.list(query);
      chain.learn(items[0] ?? null);
    }
    for (let asked = subjects; asked.length > 0;) {
      const found = await engine.inspecting.summaries(asked.map(({ chain }) => chain.nextId));
      const byId = new Map(found.map((task) => [task.id, task]));
      const moved = asked.filter(({ chain }) => byId.has(chain.nextId));
      for (const { chain } of moved) chain.learn(byId.get(chain.nextId)!);
      asked = moved;
    }
  }

  private async lookAt(subject: Subject, stats: QueueStats, alerts: ResolvedAlerts): Promise<void> {
    const breach = await measure(subject.rule, stats, this.parts);
    const { isRaised } = subject.chain;
    const isToChange = isRaised ? breach.level < CLEARED_BELOW : breach.level >= 1;
    subject.streak = isToChange ? subject.streak + 1 : 0;
    if (subject.streak < LOOKS) return;
    await this.tell(subject, isRaised ? 'cleared' : 'raised', breach, alerts);
    subject.streak = 0;
  }

  private async tell(
    { rule, queue, chain }: Subject,
    state: TaskAlert['state'],
    { message }: Breach,
    alerts: ResolvedAlerts,
  ): Promise<void> {
    const { dispatcher, registry, config } = this.parts;
    const target = targetOf(alerts, registry);
    const alert: TaskAlert = { state, rule: rule.name, kind: rule.kind, queue, message, at: config.clock.now() };
    const options = { id: chain.nextId, tags: { [ALERT_TAG]: chain.key } };
    chain.learn(await dispatcher.queue(target.queue, target.name, alert, options));
  }
}

function targetOf({ task }: ResolvedAlerts, registry: AlertWatchParts['registry']): FailureTarget {
  if (typeof task === 'object') return task;
  return { name: task, queue: registry.get(task)?.queue ?? DEFAULT_QUEUE };
}
