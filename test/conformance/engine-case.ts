import { it } from 'vitest';
import type { Clock } from '../../lib/clock/index.js';
import type { TaskState } from '../../lib/contract/index.js';
import type { EngineContext, TaskEngine } from '../../lib/engine/port/index.js';
import { until } from '../support/until.js';
import { contextWith, soonAfter, type ConformanceSite } from './harness.js';

/** For a machine that is very busy: alone, none takes ten seconds. */
const TIMEOUT_MS = 240_000;
const PATIENCE_MS = 150_000;

/** What a test of the port has: a store of its own, an engine on it, and what tests ask of them again and again. */
export interface EngineCase {
  readonly engine: TaskEngine;
  readonly clock: Clock;
  /** Milliseconds of the step by which tests count. */
  readonly unit: number;
  /** When the test began. */
  readonly start: number;
  /** Opens one more engine on the store, as another process would. */
  open(overrides?: Partial<EngineContext>): Promise<TaskEngine>;
  /** Resolves when `milliseconds` have passed. */
  advance(milliseconds: number): Promise<void>;
  advanceTo(time: number): Promise<void>;
  /** In an expected value: `time`, or soon after it on a clock that goes on by itself. */
  after(time: number): unknown;
  stateOf(id: string): Promise<TaskState | undefined>;
  becomes(id: string, state: TaskState): Promise<void>;
  /** Resolves once `holds` is true, looking after every change that `watched` tells of: the case's engine by default. */
  until(what: string, holds: () => Promise<boolean>, watched?: TaskEngine): Promise<void>;
}

/** Defines a test, which runs beside others: each has a store of its own. */
export type CaseTest = (name: string, test: (opened: EngineCase) => Promise<void>) => void;

export function testsOn(createSite: () => Promise<ConformanceSite>): CaseTest {
  return (name, test) =>
    it.concurrent(name, { timeout: TIMEOUT_MS }, async ({ onTestFinished }) => {
      const site = await createSite();
      const onEnd = (end: () => Promise<void>): void => onTestFinished(end, TIMEOUT_MS);
      onEnd(async () => site.remove?.());
      await test(await openCase(site, onEnd));
    });
}

async function openCase(
  { engine: engineOn, time }: ConformanceSite,
  onEnd: (close: () => Promise<void>) => void,
): Promise<EngineCase> {
  const { clock, unit } = time;
  const open: EngineCase['open'] = async (overrides) => {
    const opened = engineOn(contextWith(clock, overrides, unit));
    await opened.open();
    onEnd(() => opened.close());
    return opened;
  };
  const engine = await open();
  const advance: EngineCase['advance'] = async (milliseconds) => time.advance(milliseconds);
  const stateOf: EngineCase['stateOf'] = async (id) => (await engine.inspecting.get(id))?.state;
  const untilHere: EngineCase['until'] = async (what, holds, watched = engine) => {
    await until(what, holds, { patience: PATIENCE_MS, changes: watched.watching });
  };
  return {
    engine,
    clock,
    unit,
    start: clock.now(),
    open,
    advance,
    advanceTo: (moment) => advance(Math.max(moment - clock.now(), 0)),
    after: (moment) => soonAfter(moment, engine),
    stateOf,
    becomes: (id, state) => untilHere(`task ${id} to be ${state}`, async () => (await stateOf(id)) === state),
    until: untilHere,
  };
}
