/*
 * Runs before each spec. The library's modules stay evaluated from mutant to mutant, as evaluating them takes longer than most
 * tests do; the specs and what they share are evaluated anew, or their tests would be there but once.
 */

/** The modules of the worker that this runs in, as Vitest keeps them. */
interface EvaluatedModules {
  readonly idToModuleMap: Map<string, { readonly id: string }>;
  invalidateModule(module: { readonly id: string }): void;
}

type SetTimeout = (callback: () => void, delay: number) => NodeJS.Timeout;

/** As long as a test may take by the file of options. */
const NEVER_MS = 600_000;
const TICK_MS = 50;
const PATIENCE_MS = Number(process.env.MUTANTS_TIMEOUT ?? 30_000);

const { evaluatedModules } = (globalThis as unknown as { __vitest_worker__: { evaluatedModules: EvaluatedModules } })
  .__vitest_worker__;
for (const module of evaluatedModules.idToModuleMap.values()) {
  if (/\/test\/|\.spec\.ts$/.test(module.id) && !module.id.includes('/test/mutants/')) {
    evaluatedModules.invalidateModule(module);
  }
}

/**
 * A test that does not end is given up, which finds the mutant. Its time goes by ticks of this thread and not by the clock: on a
 * machine that is busy with other things a test that would end has as many as ever.
 */
const safe = Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === 'vitest:SAFE_TIMERS')!;
const timers = (globalThis as unknown as Record<symbol, { setTimeout: SetTimeout; isByTicks?: true }>)[safe]!;
if (!timers.isByTicks) {
  const { setTimeout } = timers;
  timers.isByTicks = true;
  timers.setTimeout = (callback, delay) => {
    if (delay !== NEVER_MS) return setTimeout(callback, delay);
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks >= PATIENCE_MS / TICK_MS) callback();
    }, TICK_MS);
    return timer;
  };
}
