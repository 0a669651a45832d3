import { channel } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { context as otelContext, propagation, type Span, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AlertWatch } from '../../lib/alerts/index.js';
import {
  ATTEMPT_CHANNEL,
  type AttemptMessage,
  attemptChannel,
  ENQUEUE_CHANNEL,
  type EnqueueMessage,
  enqueueChannel,
} from '../../lib/channels/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { TasksHealth } from '../../lib/health/index.js';
import { exposition } from '../../lib/metrics/exposition.js';
import { TasksMetrics } from '../../lib/metrics/index.js';
import { storeGauges } from '../../lib/metrics/store-gauges.js';
import { TaskAlertParams } from '../../lib/params/index.js';
import { TasksInstrumentation, type TasksInstrumentationOptions } from '../../lib/otel/index.js';
import { TASK_STATES } from '../../lib/contract/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { warnOfNoShutdownHooks } from '../../lib/nest/shutdown-hooks.js';
import { labelQueries, panelQueries } from '../prometheus/dashboard.js';
import { until } from '../support/until.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, tempDirectory } from './support.js';

class Jobs {
  @TaskHandler('good')
  good(): void {}

  @TaskHandler('odd "name"\\', { maxRetries: 1, retryDelay: 0 })
  odd(_params: object, task: TaskContext): void {
    if (task.attempt === 1) throw new TypeError('once');
  }

  @TaskHandler('bad', { maxRetries: 0 })
  async bad(_params: object, task: TaskContext): Promise<void> {
    await task.queue('default', 'good', {});
    throw new Error('for good');
  }

  @TaskHandler('odd for good', { maxRetries: 0 })
  oddForGood(): never {
    throw new Error('for good');
  }

  @Cron('0 0 1 1 *', { name: 'yearly' })
  yearly(): void {}
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus's text format as strictly as its own parser does. */
function parsed(text: string): { types: Map<string, string>; samples: Sample[] } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let current = '';
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, family, rest] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') expect(types.has(family!), line).toBe(false);
    if (kind === 'TYPE') {
      expect(['gauge', 'counter', 'histogram']).toContain(rest);
      types.set(family!, rest!);
      current = family!;
    }
    if (kind) continue;
    const [, name, labelText = '', value] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,|(?=\})))*)\})? (\S+)$/.exec(
        line,
      ) ?? [];
    expect(name, `"${line}" to be a sample`).toBeDefined();
    const base = types.get(current) === 'histogram' ? name!.replace(/_(?:bucket|sum|count)$/, '') : name;
    expect(base, line).toBe(current);
    const pairs = [...labelText.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)];
    const labels = Object.fromEntries(
      pairs.map(([, key, escaped]) => [
        key!,
        escaped!.replaceAll(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one)),
      ]),
    );
    const key = `${name} ${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
    expect(seen.has(key), `${key} to be there once`).toBe(false);
    seen.add(key);
    samples.push({ name: name!, labels, value: value === '+Inf' ? Infinity : Number(value) });
    expect(samples.at(-1)!.value).not.toBeNaN();
  }
  return { types, samples };
}

/** Buckets grow, and the last has all that was observed. */
function expectWhole(samples: readonly Sample[], histogram: string): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples.filter(({ name }) => name === `${histogram}_bucket`)) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  expect(series.size).toBeGreaterThan(0);
  for (const [key, buckets] of series) {
    const bounds = buckets.map(({ labels }) => Number(labels['le'] === '+Inf' ? Infinity : labels['le']));
    expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
    expect(bounds.at(-1)).toBe(Infinity);
    const values = buckets.map(({ value }) => value);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    const count = samples.find((one) => one.name === `${histogram}_count` && JSON.stringify(one.labels) === key);
    expect(count?.value).toBe(values.at(-1));
  }
}

function listen<Message>(name: string, event: string, listener: (message: Message) => void): void {
  const one = channel(`tracing:${name}:${event}`);
  const listening = (message: unknown): void => listener(message as Message);
  one.subscribe(listening);
  onTestEnd(() => {
    one.unsubscribe(listening);
  });
}

/** What of a query is not exported: names of metrics, labels that they lack, values that a label never has. */
function unexported(
  query: string,
  samples: readonly Sample[],
  valuesOf: Readonly<Record<string, readonly string[]>>,
): string[] {
  const problems: string[] = [];
  const named = [...query.matchAll(/\b(tasks_\w+)(?:\{([^}]*)\})?/g)];
  if (named.length === 0) problems.push('names no metric');
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)|label_values\(\w+, (\w+)\)/g)].flatMap(([, by, one]) =>
    (by ?? one!).split(/, ?/),
  );
  for (const [, name, matchers = ''] of named) {
    const labels = samples.filter((sample) => sample.name === name).flatMap((sample) => Object.keys(sample.labels));
    if (!samples.some((sample) => sample.name === name)) problems.push(`no metric ${name}`);
    const matched = [...matchers.matchAll(/(\w+)(=~|=)"([^"]*)"/g)];
    for (const one of [...matched.map(([, label]) => label!), ...grouped]) {
      if (!labels.includes(one)) problems.push(`${name} has no label ${one}`);
    }
    for (const [, label, operator, value] of matched) {
      if (operator === '=' && !valuesOf[label!]?.includes(value!)) problems.push(`${label} is never ${value}`);
    }
  }
  return problems;
}

class Pager {
  readonly pages: TaskAlertParams[] = [];

  @TaskHandler('page_ops', { params: TaskAlertParams, queue: 'pages' })
  page(alert: TaskAlertParams): void {
    this.pages.push(alert);
  }
}

class SignUps {
  @TaskHandler('welcome', { maxRetries: 1, retryDelay: 0 })
  async welcome(_params: object, task: TaskContext): Promise<void> {
    if (task.attempt === 1) throw new TypeError('no mail today');
    await task.queue('audits', 'audit', {});
  }

  @TaskHandler('order', { queue: 'orders', maxRetries: 1, retryDelay: 0 })
  async order(_params: object, task: TaskContext): Promise<void> {
    await task.step('charge', () => task.queue('audits', 'audit', {}, { key: 'charge' }).then(({ id }) => id));
    await task.step('ship', () => {
      if (task.attempt === 1) throw new RangeError('with a secret');
    });
  }

  @TaskHandler('audit', { queue: 'audits' })
  audit(): void {}
}

/** A span as the OTLP protocol has it. */
interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Readonly<Record<string, unknown>> }>;
  readonly links?: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>;
  readonly status: { readonly code: number; readonly message?: string };
}

/** What the protocol calls kinds and states. */
const OTLP = { producer: 4, consumer: 5, unset: 0, error: 2 };

const attributesOf = ({ attributes }: SentSpan): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** A real SDK that sends to a collector, which is here. */
async function telemetry(options?: TasksInstrumentationOptions): Promise<{
  readonly spans: readonly SentSpan[];
  readonly instrumentation: TasksInstrumentation;
  readonly tracer: Tracer;
  readonly measured: () => Promise<ReadonlyMap<string, ReadonlyArray<DataPoint<unknown>>>>;
}> {
  const spans: SentSpan[] = [];
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: Array<{ scopeSpans: Array<{ spans: SentSpan[] }> }>;
      };
      for (const { scopeSpans } of resourceSpans) spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  onTestEnd(() => void collector.close());
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  const tracers = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  onTestEnd(() => Promise.all([tracers.shutdown(), meters.shutdown()]).then(() => undefined));
  otelContext.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  onTestEnd(() => {
    otelContext.disable();
    propagation.disable();
  });
  const instrumentation = new TasksInstrumentation(options);
  instrumentation.setTracerProvider(tracers);
  instrumentation.setMeterProvider(meters);
  onTestEnd(() => instrumentation.disable());
  return {
    spans,
    instrumentation,
    tracer: tracers.getTracer('app'),
    measured: async () => {
      const { resourceMetrics } = await reader.collect();
      const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
      return new Map(
        all.map(({ descriptor, dataPoints }) => [descriptor.name, [...dataPoints] as DataPoint<unknown>[]]),
      );
    },
  };
}

describe('Observability', () => {
  afterEach(() => vi.restoreAllMocks());

  it('tells of enqueueing and of attempts by the channels, and of nothing where nobody listens', async () => {
    const app = await bootApp({ providers: [Jobs] });
    const tasks = dispatcherOf(app);
    await ended(tasks, (await tasks.queue('default', 'good', {})).id);
    expect([attemptChannel.hasSubscribers, enqueueChannel.hasSubscribers]).toEqual([false, false]);
    const told: string[] = [];
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    listen<EnqueueMessage>(ENQUEUE_CHANNEL, 'start', ({ carrier, tasks: given }) => {
      carrier['traceparent'] = traceparent;
      told.push(`enqueue ${given.map(({ name }) => name).join()}`);
    });
    const seen: AttemptMessage[] = [];
    listen<AttemptMessage>(ATTEMPT_CHANNEL, 'start', ({ task, outcome }) => {
      expect(outcome).toBeUndefined();
      told.push(`start ${task.name} ${task.attempt}`);
    });
    listen<AttemptMessage>(ATTEMPT_CHANNEL, 'asyncEnd', (message) => void seen.push(message));
    const { id, context } = await tasks.queue('default', 'bad', {});
    expect(context).toEqual({ traceparent });
    await ended(tasks, id);
    await until('both attempts', () => seen.length === 2);
    expect(told.slice(0, 3)).toEqual(['enqueue bad', 'start bad 1', 'enqueue good']);
    const [bad, good] = [...seen].toSorted((a, b) => (a.task.name < b.task.name ? -1 : 1));
    expect(bad).toMatchObject({
      store: 'default',
      outcome: 'failed',
      task: { id, queue: 'default', name: 'bad', attempt: 1, context: { traceparent } },
      taskError: { name: 'Error', message: 'for good' },
    });
    expect(good).toMatchObject({ outcome: 'completed', task: { name: 'good', context: { traceparent } } });
    expect(good).not.toHaveProperty('taskError');
  });

  it('tells of an attempt that put its task aside as snoozed, as it is on record', async () => {
    class Naps {
      @TaskHandler('nap')
      async nap(_params: object, task: TaskContext): Promise<void> {
        await task.sleep('a moment', '1h');
      }
    }
    const app = await bootApp({ providers: [Naps] });
    const tasks = dispatcherOf(app);
    const outcomes: Array<string | undefined> = [];
    listen<AttemptMessage>(ATTEMPT_CHANNEL, 'asyncEnd', ({ outcome }) => void outcomes.push(outcome));
    const { id } = await tasks.queue('default', 'nap', {});
    await until('it to sleep', async () => (await tasks.get(id)).state === 'suspended');
    expect(outcomes).toEqual(['snoozed']);
    expect((await tasks.get(id)).attempts).toMatchObject([{ outcome: 'snoozed' }]);
  });

  it('gives a tracer attributes and links of its own: Sentry writes into them', async () => {
    const { instrumentation, spans, tracer } = await telemetry();
    const made: Array<readonly [object | undefined, object | undefined]> = [];
    const startSpan: Tracer['startSpan'] = (name, options = {}, context) => {
      const { attributes, links } = options;
      made.push([attributes, links]);
      Object.assign(attributes!, { 'sentry.kind': 'server' });
      return tracer.startSpan(name, options, context);
    };
    const writing: TracerProvider = { getTracer: () => ({ startSpan }) as Tracer };
    instrumentation.setTracerProvider(writing);
    const app = await bootApp({ providers: [Jobs] });
    const tasks = dispatcherOf(app);
    for (const { id } of await tasks.queueMany('default', 'good', [{}, {}])) await ended(tasks, id);
    const attempts = () => spans.filter(({ name }) => name === 'process default');
    await until('the spans of both attempts', () => attempts().length === 2);
    const given = made.flat().filter((one) => one !== undefined);
    expect(new Set(given).size).toBe(given.length);
  });

  it('makes spans of a request, of what it enqueues, of a retry, and of what that enqueues in turn', async () => {
    const { spans, tracer, measured } = await telemetry();
    const app = await bootApp({ tasks: { queues: { audits: {} } }, providers: [SignUps] });
    const tasks = dispatcherOf(app);
    const { id, context: carried } = await tracer.startActiveSpan('POST /sign-up', async (request: Span) => {
      const task = await tasks.queue('default', 'welcome', {});
      request.end();
      return task;
    });
    await until('all spans', () => spans.length === 6);
    const named = (name: string, task: string): SentSpan[] =>
      spans.filter((span) => span.name === name && attributesOf(span)['messaging.nestjs_tasks.task.name'] === task);
    const [request] = spans.filter(({ name }) => name === 'POST /sign-up');
    const [sent] = named('enqueue default', 'welcome');
    const attempts = named('process default', 'welcome');
    const [first, second] = [1, 2].map((attempt) =>
      attempts.find((span) => attributesOf(span)['messaging.nestjs_tasks.attempt'] === attempt),
    );
    const [following] = named('enqueue audits', 'audit');
    const [followed] = named('process audits', 'audit');
    const system = { 'messaging.system': 'nestjs_tasks', 'messaging.nestjs_tasks.store': 'default' };
    const welcome = {
      ...system,
      'messaging.destination.name': 'default',
      'messaging.nestjs_tasks.task.name': 'welcome',
    };
    const audit = { ...system, 'messaging.destination.name': 'audits', 'messaging.nestjs_tasks.task.name': 'audit' };
    const enqueue = { 'messaging.operation.name': 'enqueue', 'messaging.operation.type': 'send' };
    const process = { 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' };
    const auditId = attributesOf(followed!)['messaging.message.id'];

    expect(sent).toMatchObject({ kind: OTLP.producer, traceId: request!.traceId, parentSpanId: request!.spanId });
    expect(attributesOf(sent!)).toEqual({ ...welcome, ...enqueue, 'messaging.message.id': id });
    expect(carried).toEqual({ traceparent: `00-${sent!.traceId}-${sent!.spanId}-01` });

    for (const [span, attempt, outcome] of [
      [first!, 1, { 'messaging.nestjs_tasks.outcome': 'retried', 'error.type': 'TypeError' }],
      [second!, 2, { 'messaging.nestjs_tasks.outcome': 'completed' }],
    ] as const) {
      expect(span.kind).toBe(OTLP.consumer);
      expect(span.parentSpanId ?? '').toBe('');
      expect(span.links).toMatchObject([{ traceId: sent!.traceId, spanId: sent!.spanId }]);
      expect(attributesOf(span)).toEqual({
        ...welcome,
        ...process,
        'messaging.message.id': id,
        'messaging.nestjs_tasks.attempt': attempt,
        ...outcome,
      });
    }
    expect(first!.status).toEqual({ code: OTLP.error, message: 'no mail today' });
    expect(second!.status.code).toBe(OTLP.unset);
    expect(new Set([request, first, second, followed].map((span) => span!.traceId)).size).toBe(4);

    expect(following).toMatchObject({ kind: OTLP.producer, traceId: second!.traceId, parentSpanId: second!.spanId });
    expect(attributesOf(following!)).toEqual({ ...audit, ...enqueue, 'messaging.message.id': auditId });
    expect(followed!.links).toMatchObject([{ traceId: following!.traceId, spanId: following!.spanId }]);
    expect(attributesOf(followed!)).toEqual({
      ...audit,
      ...process,
      'messaging.message.id': auditId,
      'messaging.nestjs_tasks.attempt': 1,
      'messaging.nestjs_tasks.outcome': 'completed',
    });

    const metrics = await measured();
    const of = (metric: string, task: string): ReadonlyArray<DataPoint<unknown>> =>
      metrics.get(metric)!.filter((point) => point.attributes['messaging.nestjs_tasks.task.name'] === task);
    expect(of('messaging.client.sent.messages', 'welcome')).toMatchObject([
      { value: 1, attributes: { ...welcome, ...enqueue } },
    ]);
    expect(of('messaging.client.operation.duration', 'audit')).toMatchObject([{ value: { count: 1 } }]);
    expect(of('messaging.client.consumed.messages', 'welcome')).toMatchObject([
      { value: 2, attributes: { ...welcome, ...process } },
    ]);
    const { 'messaging.system': _, ...waited } = welcome;
    const waits = of('messaging.nestjs_tasks.wait.duration', 'welcome');
    expect(waits).toMatchObject([{ value: { count: 2 } }]);
    expect(waits[0]!.attributes).toEqual(waited);
    const ends = of('messaging.process.duration', 'welcome').map(({ attributes }) => [
      attributes['messaging.nestjs_tasks.outcome'],
      attributes['error.type'],
    ]);
    expect(new Map(ends as Array<[string, unknown]>)).toEqual(
      new Map<string, unknown>([
        ['completed', undefined],
        ['retried', 'TypeError'],
      ]),
    );
  });

  it('makes a span of each durable step that runs, below that of its attempt', async () => {
    const { spans } = await telemetry();
    const app = await bootApp({ tasks: { queues: { audits: {}, orders: {} } }, providers: [SignUps] });
    const { id } = await dispatcherOf(app).queue('orders', 'order', {});
    await until('all spans', () => spans.length === 8);
    const [first, second] = [1, 2].map((attempt) =>
      spans.find(
        (span) => span.name === 'process orders' && attributesOf(span)['messaging.nestjs_tasks.attempt'] === attempt,
      ),
    );
    const of = (step: string): SentSpan[] => spans.filter(({ name }) => name === `step ${step}`);
    const step = { 'messaging.nestjs_tasks.task.name': 'order', 'messaging.message.id': id };
    const [charge, ...again] = of('charge');
    expect(again).toEqual([]);
    expect(charge).toMatchObject({ traceId: first!.traceId, parentSpanId: first!.spanId });
    expect(attributesOf(charge!)).toEqual({
      ...step,
      'messaging.nestjs_tasks.attempt': 1,
      'messaging.nestjs_tasks.step.name': 'charge',
      'messaging.nestjs_tasks.step.kind': 'step',
    });
    expect(spans.find(({ name }) => name === 'enqueue audits')).toMatchObject({ parentSpanId: charge!.spanId });
    const [failed, shipped] = [first, second].map((attempt) =>
      of('ship').find(({ parentSpanId }) => parentSpanId === attempt!.spanId),
    );
    expect(attributesOf(failed!)).toMatchObject({ 'error.type': 'RangeError' });
    expect(failed!.status.code).toBe(OTLP.error);
    expect(JSON.stringify(failed)).not.toContain('secret');
    expect(shipped!.status.code).toBe(OTLP.unset);
  });

  it('makes attempts children of what enqueued them by choice, and one span of many that are enqueued', async () => {
    const { spans, measured } = await telemetry({ trace: 'parent' });
    const app = await bootApp({ tasks: { queues: { audits: {} } }, providers: [SignUps] });
    await dispatcherOf(app).queueMany('audits', 'audit', [{}, {}]);
    await until('all spans', () => spans.length === 3);
    const [sent] = spans.filter(({ name }) => name === 'enqueue audits');
    expect(attributesOf(sent!)['messaging.batch.message_count']).toBe(2);
    expect(attributesOf(sent!)).not.toHaveProperty('messaging.message.id');
    for (const span of spans.filter(({ name }) => name === 'process audits')) {
      expect(span).toMatchObject({ traceId: sent!.traceId, parentSpanId: sent!.spanId });
      expect(span.links ?? []).toEqual([]);
    }
    expect((await measured()).get('messaging.client.sent.messages')).toMatchObject([{ value: 2 }]);
  });

  it("are texts that Prometheus reads, in base units, with the store's figures marked", async () => {
    const app = await bootApp({ tasks: { metrics: true, queues: { idle: {} } }, providers: [Jobs] });
    const tasks = dispatcherOf(app);
    const ids = [];
    for (const name of ['good', 'odd "name"\\', 'bad']) ids.push((await tasks.queue('default', name, {})).id);
    await Promise.all(ids.map((id) => ended(tasks, id)));
    await tasks.queue('idle', 'good', {}, { delay: '1h' });
    const metrics = app.get(TasksMetrics);
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    await until('the task that the bad one enqueued', async () => {
      const { samples } = parsed(await metrics.text());
      const ends = samples.filter(({ name, labels }) => name === 'tasks_attempts_total' && labels['name'] === 'good');
      return ends[0]?.value === 2;
    });
    const { types, samples } = parsed(await metrics.text());
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find(
        (one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text),
      )?.value;
    const odd = { queue: 'default', name: 'odd "name"\\' };
    expect(value('tasks_attempts_total', { ...odd, outcome: 'retried' })).toBe(1);
    expect(value('tasks_attempts_total', { ...odd, outcome: 'completed' })).toBe(1);
    expect(value('tasks_attempts_total', { name: 'bad', outcome: 'failed' })).toBe(1);
    expect(value('tasks_enqueued_total', { name: 'good' })).toBe(2);
    expect(value('tasks_enqueued_total', { name: 'good', queue: 'idle' })).toBe(1);
    expect(value('tasks_queue_depth', { queue: 'idle', state: 'scheduled', scope: 'store' })).toBe(1);
    expect(value('tasks_queue_latency_seconds', { queue: 'idle' })).toBe(0);
    expect(value('tasks_workers', { queue: 'default', scope: 'store' })).toBe(5);
    expect(value('tasks_workers_busy', { queue: 'default' })).toBe(0);
    expect(value('tasks_held', { queue: 'default' })).toBe(0);
    expect(value('tasks_cron_late_seconds', { name: 'yearly', scope: 'store' })).toBe(0);
    expect(value('tasks_store_up')).toBe(1);
    for (const histogram of ['tasks_wait_seconds', 'tasks_run_seconds']) expectWhole(samples, histogram);
    // An outbox is in another database, which this app has not.
    const outbox = { enabled: true, queues: [{ queue: 'default', waiting: 1, oldestAt: 0 }] };
    const withOutbox = parsed(exposition(storeGauges({ now: 1, queues: [], outbox, crons: [] })));
    const exported = [...samples, ...withOutbox.samples];
    const values = { state: TASK_STATES, outcome: ['completed', 'failed', 'retried'] };
    const queries = [...panelQueries(), ...labelQueries()];
    expect(queries.length).toBeGreaterThan(20);
    const wrong = queries.flatMap((query) =>
      unexported(query, exported, values).map((problem) => `${query}: ${problem}`),
    );
    expect(wrong).toEqual([]);
    expect(unexported('max by (nowhere) (tasks_held{state="idle"})', exported, values)).toEqual([
      'tasks_held has no label state',
      'tasks_held has no label nowhere',
      'state is never idle',
    ]);
    expect(unexported('sum(tasks_lost_total)', exported, values)).toEqual(['no metric tasks_lost_total']);
    const asked = new Set(queries.flatMap((query) => query.match(/tasks_\w+/g) ?? []));
    expect([...types.keys()].filter((name) => ![...asked].some((one) => one.startsWith(name)))).toEqual([]);
    expect([...types].filter(([name, type]) => name.endsWith('_total') !== (type === 'counter'))).toEqual([]);
    await app.close();
    expect(attemptChannel.hasSubscribers).toBe(false);
  });

  it('raises an alert once for all processes, and clears it, whoever is left to notice', async () => {
    const clock = new ManualClock(Date.UTC(2027, 0, 1, 9));
    const tasks: TasksModuleRootOptions = {
      database: join(tempDirectory(), 'tasks.db'),
      clock,
      queues: { slow: { concurrency: 0 }, pages: {} },
      alerts: {
        task: 'page_ops',
        every: '1h',
        rules: {
          late: { queue: 'slow', latency: '5m' },
          alone: { queue: 'slow', noWorkers: '1m' },
          failing: { queue: 'default', failed: '50%/5m', atLeast: 4 },
        },
      },
    };
    const boot = () => bootApp({ tasks, providers: [Jobs, Pager] });
    let apps = [await boot(), await boot()];
    const pagers = apps.map((app) => app.get(Pager));
    const told = (): string[] =>
      pagers.flatMap(({ pages }) => pages.map(({ rule, state, queue }) => `${rule} ${state} ${queue}`)).toSorted();
    const lookTwice = async (): Promise<void> => {
      for (let look = 1; look <= 2; look += 1) await Promise.all(apps.map((app) => app.get(AlertWatch).look()));
    };
    const dispatcher = () => dispatcherOf(apps.at(-1)!);
    const { id } = await dispatcher().queue('slow', 'good', {});
    await lookTwice();
    clock.advance(70_000);
    await apps[0]!.get(AlertWatch).look();
    expect((await dispatcher().list({ queue: 'pages' })).items).toEqual([]);
    await lookTwice();
    await until('the first alert', () => told().length > 0);
    clock.advance(240_000);
    await lookTwice();
    await lookTwice();
    await until('the second alert', () => told().length > 1);
    expect(told()).toEqual(['alone raised slow', 'late raised slow']);

    const fail = async (): Promise<void> => {
      await ended(dispatcher(), (await dispatcher().queue('default', 'odd for good', {})).id);
    };
    for (let count = 1; count <= 3; count += 1) await fail();
    await lookTwice();
    await fail();
    await lookTwice();
    await until('the third alert', () => told().length > 2);
    expect(told()[1]).toBe('failing raised default');
    const [page] = pagers.flatMap(({ pages }) => pages).filter(({ rule }) => rule === 'failing');
    expect(page).toMatchObject({
      kind: 'failed',
      message: 'Queue "default": of 4 tasks that ended in the last 5 min, 4 failed for good; the rule allows 50 %.',
      at: clock.now(),
    });

    // Those that have raised them are gone.
    await Promise.all(apps.map((app) => app.close()));
    apps = [await boot()];
    pagers.push(apps[0]!.get(Pager));
    await lookTwice();
    expect((await dispatcher().list({ queue: 'pages' })).items).toHaveLength(3);
    await dispatcher().cancel(id);
    await lookTwice();
    await until('that two are over', () => told().length > 4);
    expect(told()).toEqual([
      'alone cleared slow',
      'alone raised slow',
      'failing raised default',
      'late cleared slow',
      'late raised slow',
    ]);
  });

  it('of health says what the app is doing: ready once it works, not any more once it shuts down', async () => {
    const app = await bootApp({ providers: [Jobs] });
    const health = app.get(TasksHealth);
    expect(await health.ready()).toEqual({ ok: true, problems: [] });
    expect(await health.live()).toEqual({ ok: true, problems: [] });
    await app.close();
    expect(await health.ready()).toEqual({ ok: false, problems: ['The app is shutting down.'] });
  });

  it('notices consumption that is stuck while the process answers', async () => {
    // A process with workers and without handlers takes nothing.
    const app = await bootApp({ tasks: { workers: 2 } });
    const health = app.get(TasksHealth);
    await health.live();
    await dispatcherOf(app).queue('default', 'nobody', {});
    const report = await until('the verdict', async () => {
      const { ok, problems } = await health.live({ stuck: 20, blocked: '1h' });
      return !ok && problems;
    });
    expect(report[0]).toMatch(/^Queue "default" has 1 due tasks and 2 workers here/);
  });

  it('warns after the boot where nothing listens to SIGTERM', async () => {
    const warnings: string[] = [];
    const logger = { warn: (message: string) => void warnings.push(message) };
    const before = process.listeners('SIGTERM');
    process.removeAllListeners('SIGTERM');
    onTestEnd(() => before.forEach((listener) => void process.on('SIGTERM', listener)));
    warnOfNoShutdownHooks(logger, () => true, 1);
    await until('the warning', () => warnings.length === 1);
    expect(warnings[0]).toContain('app.enableShutdownHooks()');
    const listener = (): void => undefined;
    process.on('SIGTERM', listener);
    warnOfNoShutdownHooks(logger, () => true, 1);
    warnOfNoShutdownHooks(logger, () => false, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.removeListener('SIGTERM', listener);
    expect(warnings).toHaveLength(1);
  });
});
