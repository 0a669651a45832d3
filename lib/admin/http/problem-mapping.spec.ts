import { BadGatewayException, HttpException, UnauthorizedException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { StoreError, TaskStateError, UnknownQueueError } from '../../contract/index.js';
import { queueOfPath, toProblemError } from './problem-mapping.js';

describe('toProblemError', () => {
  it('says that the store is out of order, and how', () => {
    const problem = toProblemError(new StoreError('The disk is full.')).toDocument();
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      code: 'store_unavailable',
      detail: 'The disk is full.',
    });
  });

  it('says in which states an action would have been possible', () => {
    const problem = toProblemError(new TaskStateError('id', 'retry', 'running', ['failed'])).toDocument();
    expect(problem).toMatchObject({ status: 409, state: 'running', allowed: ['failed'] });
  });

  it.each([
    [new UnauthorizedException('Log in'), 401, 'Log in'],
    [new HttpException('Too fast', 429), 429, 'Too fast'],
    [Object.assign(new Error('Too long'), { statusCode: 414 }), 414, 'Too long'],
    [Object.assign(new Error('Too long'), { status: 414 }), 414, 'Too long'],
  ])('keeps the status of what stands before the handlers: %s', (error, status, detail) => {
    expect(toProblemError(error).toDocument()).toMatchObject({ status, detail });
  });

  it.each([
    new Error('password=1234'),
    new BadGatewayException('password=1234'),
    Object.assign(new Error('password=1234'), { statusCode: 500 }),
    'password=1234',
    null,
    undefined,
  ])('tells nothing of a fault: %s', (error) => {
    const problem = toProblemError(error).toDocument();
    expect(problem.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(problem)).not.toContain('1234');
    expect(problem).not.toHaveProperty('stack');
  });
});

describe('queueOfPath', () => {
  it('takes an unknown queue for a page that is none, and leaves other errors', async () => {
    const unknown = queueOfPath(Promise.reject(new UnknownQueueError('idel', ['idle'])));
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'unknown_queue' });
    const broken = queueOfPath(Promise.reject(new StoreError('Locked')));
    await expect(broken).rejects.toBeInstanceOf(StoreError);
  });
});
