import fc from 'fast-check';
import { MINUTE } from '../../conformance/harness.js';
import { answered, pick, QUEUE } from '../model-app.js';
import { CALLER, program, SIGNALS } from './program.js';
import type { StepsModel } from './steps-model.js';
import type { Ending, StepsPlace } from './steps-place.js';

export type StepsCommand = fc.AsyncCommand<StepsModel, StepsPlace>;

/** One event, after which the store has to come to rest as the model says. */
class Event implements StepsCommand {
  constructor(
    private readonly text: string,
    private readonly happen: (model: StepsModel, real: StepsPlace) => Promise<void>,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: StepsModel, real: StepsPlace): Promise<void> {
    await this.happen(model, real);
    await real.rest();
  }

  toString(): string {
    return this.text;
  }
}

/** Which of those that there are; taken modulo their number. */
const which = fc.nat({ max: 30 });

let payloads = 0;

const enqueue = program.map(
  (what) =>
    new Event(`enqueue(${JSON.stringify(what)})`, async (model, real) => {
      const { id } = await real.tasks.queue(QUEUE, CALLER, { program: what });
      model.add(id, what);
    }),
);

const release = fc.tuple(which, fc.constantFrom<Ending[]>('well', 'well', 'badly')).map(
  ([index, how]) =>
    new Event(`release(${index}, ${how})`, async (model, real) => {
      const gate = pick(model.gates(), index);
      if (!gate) return;
      real.release(gate.task, gate.begun.path, how);
      model.release(gate.task, gate.begun, how);
    }),
);

/** Where the queue is paused, the later ones come while the task is to go on with the first. */
const signal = fc.tuple(which, fc.array(fc.constantFrom(...SIGNALS), { minLength: 1, maxLength: 3 })).map(
  ([index, names]) =>
    new Event(`signal(${index}, ${names.join()})`, async (model, real) => {
      const task = pick(model.tasks, index);
      if (!task) return;
      for (const name of names) {
        const payload = (payloads += 1);
        const id = real.idOf(task);
        await answered(model.signal(task, name, payload), real.tasks.signal(id, name, payload));
        if (!model.isPaused) await real.rest();
      }
    }),
);

const cancel = which.map(
  (index) =>
    new Event(`cancel(${index})`, async (model, real) => {
      const task = pick(model.tasks, index);
      if (task) await answered(model.cancel(task), real.tasks.cancel(real.idOf(task)));
    }),
);

const retry = fc.tuple(which, fc.option(which)).map(
  ([index, step]) =>
    new Event(`retry(${index}${step === null ? '' : `, from step ${step}`})`, async (model, real) => {
      const ended = model.tasks.filter(({ state }) => ['failed', 'cancelled', 'retryable'].includes(state));
      const task = pick(ended.length > 0 ? ended : model.tasks, index);
      if (!task) return;
      const from = step === null ? null : (pick(model.namesOf(task), step) ?? 'nothing');
      const options = from === null ? {} : { from };
      const id = real.idOf(task);
      await answered(model.retry(task, from), real.tasks.retry(id, options));
    }),
);

const pause = fc.constant(null).map(
  () =>
    new Event('pause or resume', async (model, real) => {
      await (model.isPaused ? real.tasks.resumeQueue(QUEUE) : real.tasks.pauseQueue(QUEUE));
      model.isPaused = !model.isPaused;
    }),
);

const strikeOff = fc.constant(null).map(
  () =>
    new Event('strikeOff', async (model, real) => {
      const running = model.tasks.filter(({ state }) => state === 'running');
      if (running.length === 0) return;
      await real.strikeOff(running);
      model.giveBack(running);
    }),
);

const restart = fc.nat({ max: 4 }).map(
  (minutes) =>
    new Event(`restart(${minutes} minutes later)`, async (model, real) => {
      await real.app.restart(() => {
        model.giveBack(model.tasks.filter(({ state }) => state === 'running'));
        model.pass(minutes * MINUTE);
        real.pass(minutes * MINUTE);
      });
    }),
);

/** A minute at a time: what of several comes due first is then noted first. */
const moveClock = fc.integer({ min: -1, max: 5 }).map(
  (by) =>
    new Event(`moveClock(${by} minutes)`, async (model, real) => {
      for (let minute = 0; minute < Math.abs(by); minute += 1) {
        model.pass(Math.sign(by) * MINUTE);
        real.pass(Math.sign(by) * MINUTE);
        await real.rest();
      }
    }),
);

/** Every event, the frequent ones more often. */
export function stepsCommands(): fc.Arbitrary<Iterable<StepsCommand>> {
  const handlers = [enqueue, enqueue, enqueue, release, release, release, release];
  const people = [signal, signal, signal, cancel, retry, retry, retry, pause];
  const rest = [moveClock, moveClock, moveClock, strikeOff, restart];
  const events: fc.Arbitrary<StepsCommand>[] = [...handlers, ...people, ...rest];
  return fc.commands(events, { maxCommands: 50, size: 'max' });
}
