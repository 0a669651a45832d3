import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { type TaskContext, TaskDispatcher, TaskHandler } from 'nestjs-tasks';
import { LessThan } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { SmtpInbox } from '../emails/smtp-inbox.js';
import { DataImport } from '../imports/data-import.entity.js';
import { CleanupDataParams } from './cleanup-data.params.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

@Injectable()
export class Housekeeping {
  constructor(
    private readonly tasks: TaskDispatcher,
    private readonly transactions: Transactions,
    private readonly inbox: SmtpInbox,
  ) {}

  /** Nest's own decorator. ScheduleModule is not needed: the tick is a row of the store and runs once, however many processes there are. */
  @Cron('0 0 * * *', { name: 'cleanup_old_data' })
  async cleanUpNightly(): Promise<void> {
    await this.tasks.queue('default', 'cleanup_data', {});
  }

  @TaskHandler('cleanup_data', { params: CleanupDataParams })
  async cleanUp({ olderThanDays = 30 }: CleanupDataParams, task: TaskContext): Promise<void> {
    const limit = new Date(task.enqueuedAt - olderThanDays * DAY_MS);
    const { affected } = await this.transactions.run((manager) =>
      manager.delete(DataImport, { finishedAt: LessThan(limit) }),
    );
    task.log(`Deleted ${affected ?? 0} imports with their rows, and ${this.inbox.deleteReceivedBefore(limit)} emails`);
  }
}
