import 'reflect-metadata';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { TaskDispatcher, TaskHandler, TasksModule } from '../../lib/index.js';
import { TasksInstrumentation } from '../../lib/otel/index.js';

export interface Job {
  readonly database: string;
  readonly tasks: number;
  /** Whether OpenTelemetry is on, with spans, metrics and the context. */
  readonly isTraced: boolean;
}

export interface Drained {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Spans that were handed to the exporter, those of the drain that went before too. */
  readonly spans: number;
}

const BATCH = 1_000;
let spans = 0;

/** As an app has it, but for the network: what is exported goes nowhere. @returns hands over what is left */
function startTelemetry(): () => Promise<void> {
  const exporter: SpanExporter = {
    export: (batch, done) => {
      spans += batch.length;
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  };
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 1_000_000 });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    exportIntervalMillis: 1_000,
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  new TasksInstrumentation();
  return () => processor.forceFlush();
}

async function drain({ database, tasks: count, isTraced }: Job): Promise<Drained> {
  const flush = isTraced ? startTelemetry() : null;
  let left = 0;
  let allRan = (): void => undefined;
  class Work {
    @TaskHandler('work')
    work(): void {
      if ((left -= 1) === 0) allRan();
    }
  }
  class App {}
  const options = { database, configFile: false, admin: false, autoStart: false, workers: 10 } as const;
  Module({ imports: [TasksModule.forRoot(options)], providers: [Work] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
  const dispatcher = app.get(TaskDispatcher);
  const drainOnce = async (): Promise<Omit<Drained, 'spans'>> => {
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
  const drained = await drainOnce();
  await app.close();
  await flush?.();
  return { ...drained, spans };
}

async function main(): Promise<void> {
  const [job] = (await once(process, 'message')) as [Job];
  process.send!(await drain(job), () => process.exit());
}

void main();
