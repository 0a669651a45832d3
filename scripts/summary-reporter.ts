import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends the run with one plain line, `N passed, N failed`, for whoever reads the log by program.
 * In CI a test that did not run (`skip`, `todo`) fails the run: what is not tested must not look tested.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const notRun: string[] = [];
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        if (state === 'failed') failedTests += 1;
        if (state === 'skipped' || state === 'pending') notRun.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
      // A file that fails to load, or whose hooks fail, has no failed test to count.
      if (module.state() === 'failed' && failedTests === 0) count.failed += 1;
    }
    count.failed += unhandledErrors.length;

    const skipped = count.skipped + count.pending;
    if (skipped > 0 && process.env.CI) {
      process.exitCode = 1;
      console.error(`Tests that did not run fail the run in CI:\n${notRun.map((name) => `  ${name}`).join('\n')}`);
    }
    console.log(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}
