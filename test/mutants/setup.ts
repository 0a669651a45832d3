import { inject } from 'vitest';

/** The modules of the worker that this runs in, as Vitest keeps them. */
interface EvaluatedModules {
  readonly idToModuleMap: Map<string, { readonly id: string }>;
  invalidateModule(module: { readonly id: string }): void;
}

/**
 * Runs before each spec. The library's modules stay evaluated from mutant to mutant, as evaluating them takes longer than most
 * tests do; the specs and what they share are evaluated anew, or their tests would be there but once.
 */
const { evaluatedModules } = (globalThis as unknown as { __vitest_worker__: { evaluatedModules: EvaluatedModules } })
  .__vitest_worker__;
for (const module of evaluatedModules.idToModuleMap.values()) {
  if (/\/test\/|\.spec\.ts$/.test(module.id) && !module.id.includes('/test/mutants/')) {
    evaluatedModules.invalidateModule(module);
  }
}
void inject;
