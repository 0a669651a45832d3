import { api, ApiError, type NewTaskRequest } from '../api.js';
import type { HandlerInfo, Queue } from '../api-types.js';
import { FieldError, ParamsForm } from '../components/params-form.js';
import { WhenField } from '../components/when-field.js';
import { h, notice, taskHref } from '../dom.js';
import type { Page, View } from '../view.js';

/** A task enqueued by hand, with a form made from its handler's params where they have a class. */
export class EnqueueView implements View {
  readonly title = 'Enqueue';
  private readonly name = h('select', { id: 'task-name' });
  private readonly queue = h('select', { id: 'task-queue' });
  private readonly json = h('textarea', { id: 'task-json', rows: '10', spellcheck: 'false' });
  private readonly modes: Readonly<Record<'form' | 'json', HTMLButtonElement>>;
  private readonly params = h('div', { class: 'params' });
  private readonly when = new WhenField();
  private readonly priority = h('input', { id: 'task-priority', inputmode: 'numeric', autocomplete: 'off' });
  private readonly problem = h('p', { class: 'problem', role: 'alert' });
  private readonly problems = new Map<string, HTMLElement>();
  private readonly body: HTMLElement;
  private handlers: readonly HandlerInfo[] = [];
  private form: ParamsForm | null = null;
  private mode: 'form' | 'json' = 'form';
  private isRead = false;
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    private readonly link: URLSearchParams,
  ) {
    const mode = (name: 'form' | 'json', label: string): HTMLButtonElement =>
      h('button', { type: 'button', onclick: () => this.choose(name) }, label);
    this.modes = { form: mode('form', 'Form'), json: mode('json', 'JSON') };
    this.json.setAttribute('aria-label', 'Params (JSON)');
    this.json.value = '{}';
    const choice = h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Params as' },
      this.modes.form,
      this.modes.json,
    );
    const form = h(
      'form',
      { class: 'enqueue', novalidate: true },
      this.field('name', 'Task', this.name),
      this.field('queue', 'Queue', this.queue),
      h('fieldset', {}, h('legend', {}, 'Params'), choice, this.params, this.problemOf('params')),
      this.field('when', 'Runs', ...this.when.inputs),
      this.field('priority', 'Priority', this.priority),
      this.problem,
      h('div', { class: 'actions' }, h('button', { class: 'primary' }, 'Enqueue')),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send();
    });
    this.name.addEventListener('change', () => this.showHandler());
    this.body = h('div', { class: 'panel narrow', hidden: true }, form);
    this.element = h('section', {}, h('h1', {}, 'Enqueue a task'), this.body);
  }

  async refresh(): Promise<void> {
    // What somebody writes here stays.
    if (this.isRead) return;
    const [handlers, queues] = await Promise.all([api.handlers(), this.page.queues(null)]);
    this.isRead = true;
    if (this.page.readOnly) {
      this.element.append(notice('The panel is read-only.'));
      return;
    }
    const open = queues.filter(({ configured, foreign }) => configured && !foreign);
    if (handlers.length === 0 || open.length === 0) {
      this.element.append(notice('This process has no handlers: enqueue where there are some.'));
      return;
    }
    this.show(handlers, open);
  }

  private show(handlers: readonly HandlerInfo[], queues: readonly Queue[]): void {
    this.handlers = handlers;
    this.name.replaceChildren(
      ...handlers.map(({ name, kind }) => h('option', { value: name }, kind === 'cron' ? `${name} (cron)` : name)),
    );
    this.queue.replaceChildren(...queues.map(({ queue }) => h('option', { value: queue }, queue)));
    const wanted = this.link.get('name');
    if (wanted !== null && handlers.some(({ name }) => name === wanted)) this.name.value = wanted;
    this.showHandler();
    const queue = this.link.get('queue');
    if (queue !== null && queues.some((stats) => stats.queue === queue)) this.queue.value = queue;
    this.body.hidden = false;
  }

  private showHandler(): void {
    const handler = this.handlers.find(({ name }) => name === this.name.value);
    const queue = handler?.queue ?? 'default';
    if ([...this.queue.options].some(({ value }) => value === queue)) this.queue.value = queue;
    this.form = handler?.params ? new ParamsForm(handler.params.fields) : null;
    this.json.value = '{}';
    this.clearProblems();
    this.showMode(this.form ? 'form' : 'json');
  }

  /** What was written goes along, as far as it can. */
  private choose(mode: 'form' | 'json'): void {
    if (mode === this.mode || !this.form) return;
    this.clearProblems();
    try {
      if (mode === 'json') this.json.value = JSON.stringify(this.form.read(), null, 2);
      else if (!this.form.write(this.readJson() as Record<string, unknown>)) {
        this.say('params', 'has fields that the form does not have');
        return;
      }
    } catch (error) {
      this.showError(error);
      return;
    }
    this.showMode(mode);
  }

  private showMode(mode: 'form' | 'json'): void {
    this.mode = mode;
    this.modes.form.disabled = this.form === null;
    for (const name of ['form', 'json'] as const) this.modes[name].setAttribute('aria-pressed', String(name === mode));
    this.params.replaceChildren(mode === 'form' && this.form ? this.form.element : this.json);
  }

  private async send(): Promise<void> {
    this.clearProblems();
    try {
      const task = await api.enqueue(this.request());
      this.page.act(() => Promise.resolve(), `Enqueued: ${task.name}`, taskHref(task.id));
    } catch (error) {
      this.showError(error);
    }
  }

  private request(): NewTaskRequest {
    const params = (this.mode === 'form' && this.form ? this.form.read() : this.readJson()) as object;
    const priority = this.priority.value.trim();
    return {
      queue: this.queue.value,
      name: this.name.value,
      params,
      ...this.when.read(),
      ...(priority === '' ? {} : { priority: Number(priority) }),
    };
  }

  private readJson(): unknown {
    try {
      return JSON.parse(this.json.value);
    } catch (error) {
      throw new FieldError('params', `This is no JSON: ${(error as Error).message}`);
    }
  }

  private showError(error: unknown): void {
    if (error instanceof FieldError) {
      if (!this.form?.showProblem(error.field, error.message) || this.mode === 'json')
        this.say(error.field, error.message);
    } else if (error instanceof ApiError) {
      const unplaced = error.fields.filter(({ field, message }) => !this.sayAt(field, message));
      const rest = unplaced.map(({ field, message }) => `${field}: ${message}`).join('; ');
      this.problem.textContent = error.fields.length === 0 ? error.message : rest;
    } else this.problem.textContent = String(error);
    this.element.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }

  /** @returns whether there was a place for it */
  private sayAt(field: string, message: string): boolean {
    if (field.startsWith('params') && field !== 'params') {
      const path = field.slice('params'.length).replace(/^\./, '');
      if (this.mode === 'form' && this.form)
        return this.form.showProblem(path, message) || this.say('params', `${path}: ${message}`);
      return this.say('params', `${path}: ${message}`);
    }
    return this.say(field === 'delay' || field === 'runAt' ? 'when' : field, message);
  }

  private say(field: string, message: string): boolean {
    const place = this.problems.get(field);
    if (!place) return false;
    place.textContent = [place.textContent, message].filter((part) => part !== '').join('; ');
    const inputs: Readonly<Record<string, HTMLElement>> = {
      name: this.name,
      queue: this.queue,
      params: this.json,
      when: this.when.written,
      priority: this.priority,
    };
    inputs[field]?.setAttribute('aria-invalid', 'true');
    return true;
  }

  private clearProblems(): void {
    this.form?.clearProblems();
    this.problem.textContent = '';
    for (const place of this.problems.values()) place.textContent = '';
    for (const input of this.element.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  }

  private field(name: string, label: string, ...inputs: readonly HTMLElement[]): HTMLElement {
    const problem = this.problemOf(name);
    for (const input of inputs) input.setAttribute('aria-describedby', problem.id);
    return h('div', { class: 'field' }, h('label', { for: inputs[0]!.id }, label), ...inputs, problem);
  }

  private problemOf(field: string): HTMLElement {
    const place = h('span', { id: `problem-${field}`, class: 'problem' });
    this.problems.set(field, place);
    return place;
  }
}
