import type { LoggerService } from '@nestjs/common';
import { type LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';

/** Of one process, so that one that says the same again and again does not fill the disk. */
const MAX_LINES = 200;
/** Tasks that fail, of which there are many, and whose ends are on record in the store. */
const ABOUT_TASKS = /^(Task|Attempt) /;

/** Notes in the ledger what a process warns of: what it says in vain is what tells why a store stands still. */
export class SaidInLedger implements LoggerService {
  private lines = 0;

  constructor(private readonly ledger: LedgerWriter<ProcessEvent>) {}

  log(): void {
    // Boots and ends are in the ledger already.
  }

  warn(message: unknown): void {
    this.note(String(message));
  }

  error(message: unknown): void {
    this.note(String(message));
  }

  private note(text: string): void {
    if (ABOUT_TASKS.test(text) || this.lines >= MAX_LINES) return;
    this.lines += 1;
    this.ledger.write({ event: 'said', at: steadyNow(), text });
  }
}
