import { h } from '../dom.js';
import { FieldError } from './params-form.js';

type When = 'now' | 'delay' | 'runAt';

/** When a task is to run: now, after a delay, or at a time of whoever looks. */
export class WhenField {
  private readonly delay = h('input', {
    id: 'task-delay',
    placeholder: '5m',
    autocomplete: 'off',
    'aria-label': 'Delay',
    hidden: true,
  });
  private readonly runAt = h('input', {
    id: 'task-run-at',
    type: 'datetime-local',
    step: '1',
    'aria-label': 'Run at',
    hidden: true,
  });
  private readonly choice = h(
    'select',
    { id: 'task-when' },
    h('option', { value: 'now' }, 'now'),
    h('option', { value: 'delay' }, 'after a delay'),
    h('option', { value: 'runAt' }, 'at a time'),
  );
  readonly inputs: readonly HTMLElement[] = [this.choice, this.delay, this.runAt];

  constructor() {
    this.choice.addEventListener('change', () => {
      this.delay.hidden = this.when !== 'delay';
      this.runAt.hidden = this.when !== 'runAt';
    });
  }

  /** The one that what is wrong is said at. */
  get written(): HTMLElement {
    return this.when === 'runAt' ? this.runAt : this.delay;
  }

  /** @throws FieldError `when` for what is no time */
  read(): { readonly delay?: string; readonly runAt?: number } {
    if (this.when === 'delay') return { delay: this.delay.value.trim() };
    if (this.when === 'now') return {};
    const runAt = Date.parse(this.runAt.value);
    if (Number.isNaN(runAt)) throw new FieldError('when', 'must be a date with its time');
    return { runAt };
  }

  private get when(): When {
    return this.choice.value as When;
  }
}
