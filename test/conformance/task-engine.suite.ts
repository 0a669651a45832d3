import { describe } from 'vitest';
import { describeActing } from './acting.suite.js';
import { describeAuditing } from './auditing.suite.js';
import { describeDelivering } from './delivering.suite.js';
import { testsOn } from './engine-case.js';
import { describeEnqueueAnswers } from './enqueue-answers.suite.js';
import { describeEnqueueing } from './enqueueing.suite.js';
import type { ConformanceSite } from './harness.js';
import { describeFinding } from './finding.suite.js';
import { describeInspecting } from './inspecting.suite.js';
import { describeLapsing } from './lapsing.suite.js';
import { describeLifecycle } from './lifecycle.suite.js';
import { describeOutcomes } from './outcomes.suite.js';
import { describeResults } from './results.suite.js';
import { describeScheduling } from './scheduling.suite.js';
import { describeSharing } from './sharing.suite.js';
import { describeStepping } from './stepping.suite.js';
import { describeUniqueness } from './uniqueness.suite.js';
import { describeUpdating } from './updating.suite.js';
import { describeWatching } from './watching.suite.js';
import { describeWorkflows } from './workflows.suite.js';

/** What every engine must do, through the port alone; a suite a facet. */
export function describeTaskEngine(name: string, createSite: () => Promise<ConformanceSite>): void {
  describe.concurrent(`${name} engine`, () => {
    const it = testsOn(createSite);
    describeFinding(it);
    describeEnqueueing(it);
    describeEnqueueAnswers(it);
    describeUniqueness(it);
    describeDelivering(it);
    describeOutcomes(it);
    describeResults(it);
    describeStepping(it);
    describeActing(it);
    describeLapsing(it);
    describeInspecting(it);
    describeUpdating(it);
    describeWatching(it);
    describeWorkflows(it);
    describeSharing(it);
    describeAuditing(it);
    describeScheduling(it);
    describeLifecycle(it);
  });
}
