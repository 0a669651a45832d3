import { describe, expect, it } from 'vitest';
import { uuidv7 } from 'uuidv7';
import { jobIdOf, jobIdsOf, taskIdOf } from './job-ids.js';

const GIVEN = [
  '7',
  '-1',
  'meta',
  'wait',
  'a:lock',
  '0:1',
  'repeat:x:1',
  '100%',
  '%3A',
  '~',
  '~7',
  'a/b?c#d',
  '😀:ü',
  '{x}',
];

describe('the id of a job', () => {
  it('is the id that the library made', () => {
    const id = uuidv7();
    expect(jobIdOf(id)).toBe(id);
    expect(taskIdOf(id)).toBe(id);
    expect(jobIdsOf(id)).toEqual([id]);
  });

  it.each(GIVEN)('is none that BullMQ reserves, and leads back to the id that was given: %s', (id) => {
    const jobId = jobIdOf(id);
    expect(jobId).toMatch(/^~[^:]*$/u);
    expect(taskIdOf(jobId)).toBe(id);
  });

  it('is another for each id', () => {
    expect(new Set(GIVEN.map(jobIdOf)).size).toBe(GIVEN.length);
  });

  it('is that of other code where other code gave it', () => {
    expect(taskIdOf('7')).toBe('7');
    expect(jobIdsOf('7')).toEqual(['~7', '7']);
  });
});
