import type { IQueueBackend, Job, Queue } from 'bullmq';

/** The params of a task, as any BullMQ tool shows them; those that it could not hold are in base64 under one key. */
export type StoredJob = Record<string, unknown>;

export type TaskJob = Job<StoredJob, unknown, string>;
export type TaskQueue = Queue<StoredJob, unknown, string>;

/** A job as BullMQ hands it to its store. */
export type TaskJobJson = Parameters<IQueueBackend['addJob']>[0];

/** The part of a job that a new one has. */
export type NewJob = Pick<TaskJobJson, 'id' | 'name' | 'data' | 'opts' | 'timestamp'>;
