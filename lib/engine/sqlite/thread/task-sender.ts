import { StoreError } from '../../../contract/index.js';
import type { EnqueueAnswer, NewTask } from '../../port/index.js';
import { unflatten } from './flat-error.js';
import { flatNewTask, type FlatNewTask } from './flat-tasks.js';
import type { GroupAnswer, Question } from './messages.js';

/** What callers handed over in one turn of the event loop, for each call. */
interface Batch {
  readonly groups: FlatNewTask[][];
  readonly answers: Promise<readonly GroupAnswer[] | null>;
}

/** Sends new tasks to the thread: those of all calls of one turn of the event loop with one question. */
export class TaskSender {
  private open: Batch | null = null;

  /** @param ask called with what makes the question when it goes */
  constructor(private readonly ask: (question: () => Question) => Promise<unknown>) {}

  /** @throws StoreError, or what was wrong with these tasks */
  async send(tasks: readonly NewTask[]): Promise<readonly EnqueueAnswer[]> {
    const batch = (this.open ??= this.begin());
    const index = batch.groups.push(tasks.map(flatNewTask)) - 1;
    const answers = await batch.answers;
    const answer = answers === null ? null : answers[index];
    if (answer === undefined)
      throw new StoreError('It cannot be told whether this was stored: there is no answer to it');
    if (answer === null) return tasks.map(() => 'stored' as const);
    if ('fault' in answer) throw unflatten(answer.fault);
    return answer;
  }

  private begin(): Batch {
    const groups: FlatNewTask[][] = [];
    const answers = this.ask(() => {
      this.open = null;
      return ['enqueue', groups];
    });
    // Refused before it went: what comes later is not to be refused with it.
    answers.catch(() => {
      if (this.open?.groups === groups) this.open = null;
    });
    return { groups, answers: answers as Batch['answers'] };
  }
}
