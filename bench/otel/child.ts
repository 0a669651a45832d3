import 'reflect-metadata';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, metrics, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { type TaskContext, TaskDispatcher, TaskHandler, TasksModule } from '../../lib/index.js';
import { TasksInstrumentation } from '../../lib/otel/index.js';

export interface Job {
  readonly database: string;
  readonly tasks: number;
  /** How many times so many are enqueued and drained, after one time that does not count. */
  readonly drains: number;
  readonly how: How;
}

/**
 * `without` OpenTelemetry; `floor`: the handler itself asks the SDK for what any instrumentation would, all of it made before,
 * and nothing else is instrumented; `unsampled`: a sampler drops all spans, metrics are on; `with`: every attempt has its span
 * and its metrics.
 */
export type How = 'without' | 'floor' | 'unsampled' | 'with';

export interface Drain {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface Drained {
  readonly drains: readonly Drain[];
  /** Spans that were handed to the exporter, those of the drain that does not count too. */
  readonly spans: number;
}

const BATCH = 1_000;
let spans = 0;

/** As an app has it, but for the network: what is exported goes nowhere. @returns hands over what is left */
function startTelemetry(how: How): () => Promise<void> {
  const exporter: SpanExporter = {
    export: (batch, done) => {
      spans += batch.length;
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  };
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 1_000_000 });
  const sampler = how === 'unsampled' ? new AlwaysOffSampler() : new AlwaysOnSampler();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ sampler: new ParentBasedSampler({ root: sampler }), spanProcessors: [processor] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    exportIntervalMillis: 1_000,
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (how !== 'floor') new TasksInstrumentation();
  return () => processor.forceFlush();
}

/** What the SDK costs, whoever asks it: a span with a link and as many attributes, its context, two histograms. */
function instrumented(): (handle: () => void, id: string) => void {
  const tracer = trace.getTracer('floor');
  const meter = metrics.getMeter('floor');
  const advice = { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300] };
  const waiting = meter.createHistogram('floor.wait', { unit: 's', advice });
  const processing = meter.createHistogram('floor.duration', { unit: 's', advice });
  const kind = {
    'messaging.destination.name': 'default',
    'messaging.nestjs_tasks.store': 'default',
    'messaging.nestjs_tasks.task.name': 'work',
  };
  const operation = { 'messaging.operation.name': 'process', 'messaging.system': 'nestjs_tasks' };
  const ended = { ...kind, ...operation, 'messaging.nestjs_tasks.outcome': 'completed' };
  const begun = {
    ...kind,
    ...operation,
    'messaging.operation.type': 'process',
    'messaging.nestjs_tasks.attempt': 1,
  };
  const origin = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
  };
  const links = [{ context: origin }];
  return (handle, id) => {
    const span = tracer.startSpan(
      'process default',
      { kind: SpanKind.CONSUMER, attributes: begun, links },
      ROOT_CONTEXT,
    );
    span.setAttribute('messaging.message.id', id);
    waiting.record(0.01, kind);
    context.with(trace.setSpan(ROOT_CONTEXT, span), handle);
    span.setAttribute('messaging.nestjs_tasks.outcome', 'completed');
    span.end();
    processing.record(0.001, ended);
  };
}

async function drain({ database, tasks: count, drains: times, how }: Job): Promise<Drained> {
  const flush = how === 'without' ? null : startTelemetry(how);
  const around = how === 'floor' ? instrumented() : (handle: () => void): void => handle();
  let left = 0;
  let allRan = (): void => undefined;
  class Work {
    @TaskHandler('work')
    work(_params: object, task: TaskContext): void {
      around(() => {
        if ((left -= 1) === 0) allRan();
      }, task.id);
    }
  }
  class App {}
  const options = { database, configFile: false, admin: false, autoStart: false, workers: 10 } as const;
  Module({ imports: [TasksModule.forRoot(options)], providers: [Work] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
  const dispatcher = app.get(TaskDispatcher);
  const drainOnce = async (): Promise<Drain> => {
    for (let stored = 0; stored < count; stored += BATCH) {
      const rows = Array.from({ length: Math.min(BATCH, count - stored) }, (_, index) => ({ number: stored + index }));
      await dispatcher.queueMany('default', 'work', rows);
    }
    left = count;
    const ended = new Promise<void>((resolve) => (allRan = resolve));
    const before = process.cpuUsage();
    const begun = performance.now();
    await dispatcher.start();
    await ended;
    const seconds = (performance.now() - begun) / 1_000;
    const { user, system } = process.cpuUsage(before);
    await dispatcher.stop();
    return { seconds, cpuSeconds: (user + system) / 1_000_000 };
  };
  // Code is compiled.
  await drainOnce();
  const drains: Drain[] = [];
  for (let time = 0; time < times; time += 1) drains.push(await drainOnce());
  await app.close();
  await flush?.();
  return { drains, spans };
}

async function main(): Promise<void> {
  const [job] = (await once(process, 'message')) as [Job];
  process.send!(await drain(job), () => process.exit());
}

void main();
