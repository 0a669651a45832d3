import type { MeterProvider, Tracer, TracerProvider } from '@opentelemetry/api';
import { listenToAttempts, listenToEnqueues, listenToSteps } from '../channels/index.js';
import { wallTime } from '../clock/index.js';
import { VERSION } from '../version.js';
import { AttemptSpans } from './attempt-spans.js';
import { EnqueueSpans } from './enqueue-spans.js';
import { globalProviders } from './global-providers.js';
import { StepSpans } from './step-spans.js';
import { Instruments } from './instruments.js';

const NAME = 'nestjs-tasks';

/** @publicApi */
export interface TasksInstrumentationOptions {
  /**
   * How the span of an attempt stands to where its task was enqueued. `link`: it begins a trace of its own that links there;
   * `parent`: it is a child, in the same trace. Tasks that enqueue tasks then make one trace that may never end.
   * @default 'link'
   */
  trace?: 'link' | 'parent';
  /**
   * Whether it is at work from the moment it is made.
   * @default true
   */
  enabled?: boolean;
}

/**
 * Spans and metrics of tasks for OpenTelemetry, by its conventions for messaging: a producer span for each call that
 * enqueues, a consumer span for each attempt, and below it one for each durable step that runs. It tells of all stores of the process, and stands among the
 * `instrumentations` of a NodeSDK as any other.
 *
 * @example
 * new NodeSDK({ instrumentations: [new TasksInstrumentation()] }).start();
 *
 * @publicApi
 */
export class TasksInstrumentation {
  readonly instrumentationName = NAME;
  readonly instrumentationVersion = VERSION;
  private options: TasksInstrumentationOptions;
  private tracers: TracerProvider;
  private meters: MeterProvider;
  private tracer: Tracer | null = null;
  private made: Instruments | null = null;
  private ends: ReadonlyArray<() => void> = [];

  /** @throws TasksConfigError where the app's `@opentelemetry/api` is too old, with the command that helps */
  constructor(options: TasksInstrumentationOptions = {}) {
    this.options = options;
    [this.tracers, this.meters] = globalProviders();
    if (options.enabled !== false) this.enable();
  }

  /** Begins to tell; nothing happens where it does already. */
  enable(): void {
    if (this.ends.length > 0) return;
    const tracer = () => (this.tracer ??= this.tracers.getTracer(NAME, VERSION));
    const instruments = () => (this.made ??= new Instruments(this.meters.getMeter(NAME, VERSION)));
    const enqueues = new EnqueueSpans(tracer, instruments);
    const attempts = new AttemptSpans(tracer, instruments, () => this.options.trace === 'parent', wallTime);
    const steps = new StepSpans(tracer);
    this.ends = [
      listenToSteps({ start: (message) => steps.start(message), end: (message) => steps.end(message) }),
      listenToEnqueues({ start: (message) => enqueues.start(message), end: (message) => enqueues.end(message) }),
      listenToAttempts({ start: (message) => attempts.start(message), end: (message) => attempts.end(message) }),
    ];
  }

  /** Tells nothing more. Attempts that are under way have no span then. */
  disable(): void {
    for (const end of this.ends) end();
    this.ends = [];
    this.tracer = null;
  }

  setTracerProvider(provider: TracerProvider): void {
    this.tracers = provider;
    this.tracer = null;
  }

  setMeterProvider(provider: MeterProvider): void {
    this.meters = provider;
    this.made = null;
  }

  getConfig(): TasksInstrumentationOptions {
    return this.options;
  }

  setConfig(options: TasksInstrumentationOptions): void {
    this.options = options;
  }
}
