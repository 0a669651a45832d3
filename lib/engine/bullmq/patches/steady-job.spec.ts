import { describe, expect, it } from 'vitest';
import { AttemptError } from '../attempt-record.js';
import type { BullmqLibrary } from '../bullmq-library.js';
import type { TaskJob, TaskJobJson } from '../task-job.js';
import { steadyJob } from './steady-job.js';

const FAILURE = new AttemptError(
  { attempt: 1, worker: 'w', startedAt: 1, finishedAt: 2, outcome: 'failed', error: { name: 'Error', message: 'no' } },
  null,
);

/** BullMQ's job on a store that fails with `error`; it keeps the stack of a failure before it stores it. */
function jobThatFails(error: unknown): TaskJob {
  class FailingJob {
    opts = {};
    attemptsMade = 0;
    stacktrace: string[] = [];
    backend = {
      moveToCompleted: async () => {
        throw error;
      },
    };

    constructor(readonly id: string) {}

    static fromJSON(_queue: unknown, _json: TaskJobJson, id: string): FailingJob {
      return new this(id);
    }

    async moveToFailed({ stack }: Error): Promise<void> {
      this.stacktrace.push(stack!);
      throw error;
    }
  }
  return steadyJob({ Job: FailingJob } as unknown as BullmqLibrary).read(
    {} as never,
    { data: '{"n":1}' } as TaskJobJson,
    'task-1',
  );
}

const coded = (code: string): Error => Object.assign(new Error('no'), { code });

const STORE_FAULTS = [
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'].map(coded),
  ...['08006', '53300', '57P01', '25006', '40001'].map(coded),
  ...[
    'LOADING Redis is loading the dataset in memory',
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    'MISCONF Redis is configured to save RDB snapshots',
    'Connection terminated unexpectedly',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Socket timeout. Expecting data, but did not receive any in 7000ms.',
    'Command timed out',
  ].map((message) => new Error(message)),
];

const OTHER_FAULTS = [coded('23505'), new Error('Missing lock for job 7. moveToFinished'), new Error('WRONGTYPE')];

const shown = (error: Error): string => (error as { code?: string }).code ?? error.message;

describe('the end of an attempt that the store did not take', () => {
  it.each(STORE_FAULTS.map((fault): [string, Error] => [shown(fault), fault]))(
    'is tried again where the store was not there: %s',
    async (_shown, fault) => {
      const job = jobThatFails(fault);
      await expect(job.moveToCompleted({}, 'token')).rejects.toMatchObject({
        message: 'Connection is closed.',
        cause: fault,
      });
      await expect(job.moveToFailed(FAILURE, 'token')).rejects.toMatchObject({ message: 'Connection is closed.' });
    },
  );

  it.each(OTHER_FAULTS.map((fault): [string, Error] => [shown(fault), fault]))(
    'is not where the store refused it: %s',
    async (_shown, fault) => {
      await expect(jobThatFails(fault).moveToCompleted({}, 'token')).rejects.toBe(fault);
      await expect(jobThatFails(fault).moveToFailed(FAILURE, 'token')).rejects.toBe(fault);
    },
  );

  it('is not counted', async () => {
    const job = jobThatFails(coded('ECONNRESET'));
    await job.moveToCompleted({}, 'token').catch(() => undefined);
    expect(job.attemptsMade).toBe(0);
  });

  it('has its stack once, however often it is tried', async () => {
    const job = jobThatFails(coded('ECONNRESET'));
    for (let tries = 0; tries < 3; tries += 1) await job.moveToFailed(FAILURE, 'token').catch(() => undefined);
    expect(job.stacktrace).toEqual([]);
  });

  it('is left to the lease where the runner did not say it', async () => {
    const failing = jobThatFails(new Error('never asked')).moveToFailed(new Error('Redis went away'), 'token');
    await expect(failing).rejects.toThrow(
      /of task "task-1" was not stored, so that it is run again when its lease is over: ./,
    );
  });
});

describe('the params of a job that was fetched', () => {
  it('are parsed when somebody asks for them, and are there as text for the runner', () => {
    const job = jobThatFails(null) as TaskJob & { paramsText: string; parsed: unknown };
    expect(job.paramsText).toBe('{"n":1}');
    expect(job.parsed).toBeUndefined();
    expect(job.data).toEqual({ n: 1 });
  });
});
