import { Injectable } from '@nestjs/common';
import type { TaskContext } from '../../../lib/attempts/index.js';
import { TaskHandler } from '../../../lib/nest/index.js';
import { Ledger } from '../support/ledger.js';
import type { Fate } from './kill-point.js';

/** What an order records, in turn. */
export const ORDER_STEPS = ['charge', 'book', 'grace', 'approved', 'double', 'ship', 'close'] as const;

/** The same where there are no transactions. */
export const PLAIN_ORDER_STEPS = ORDER_STEPS.filter((step) => step !== 'book' && step !== 'close');

/** A task of every kind of step. Each effect is a line of the ledger, or a row of the table `booking`. */
@Injectable()
export class Orders {
  constructor(
    private readonly ledger: Ledger,
    private readonly process: string,
    private readonly fate: Fate,
    /** Whether the tasks are in the app's database. */
    private readonly hasBookings = true,
  ) {}

  @TaskHandler('order', { maxRetries: 0 })
  async order(_params: object, task: TaskContext): Promise<void> {
    await this.noting(task, async () => {
      const charge = await this.effect(task, 'charge');
      await this.book(task, 'book', charge);
      await task.sleep('grace', '1s');
      const word = await task.waitFor<string>('approved');
      const double = String(await task.call('work', 'double', { word: String(word) }));
      this.fate.pass('return');
      await this.effect(task, 'ship');
      await this.book(task, 'close', double);
    });
  }

  @TaskHandler('double', { maxRetries: 0 })
  async double({ word }: { word: string }, task: TaskContext): Promise<string> {
    await this.noting(task, async () => undefined);
    return word + word;
  }

  private async effect(task: TaskContext, name: string): Promise<string> {
    const given = await task.step(name, ({ key }) => {
      this.ledger.write({ event: 'effect', process: this.process, task: task.id, step: name, key });
      this.fate.pass('effect');
      return `${key} in attempt ${task.attempt}`;
    });
    this.fate.pass('return');
    return given;
  }

  private async book(task: TaskContext, name: string, note: string): Promise<void> {
    if (!this.hasBookings) return;
    await task.transaction(name, async (manager) => {
      await manager.query('INSERT INTO booking (task, step, note) VALUES (?, ?, ?)', [task.id, name, note]);
      this.fate.pass('effect');
    });
    this.fate.pass('return');
  }

  private async noting({ id, name, attempt }: TaskContext, work: () => Promise<void>): Promise<void> {
    const entry = { process: this.process, name, task: id, attempt };
    this.ledger.write({ event: 'start', ...entry });
    try {
      await work();
    } finally {
      this.ledger.write({ event: 'end', ...entry });
    }
  }
}
