import { expect, it } from 'vitest';
import { jobOf } from '../../../../test/engines/support/plain-job.js';
import { jobIdOf } from '../job-ids.js';
import { endingNote, isInFlow } from './in-flow.js';

it('tells a task of a workflow from others, and has a request to end each workflow', () => {
  expect(isInFlow(jobOf({ traits: { workflow: { id: 'w', node: 'n' } } }))).toBe(true);
  expect(isInFlow(jobOf({ traits: { tags: { a: '1' } } }))).toBe(false);
  expect(isInFlow(jobOf())).toBe(false);
  expect(endingNote('order')).toBe(`workflow:${jobIdOf('order')}`);
});
