import type { ParamsField } from '../api-types.js';
import { h, type Child } from '../dom.js';
import { plural } from '../format.js';

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface Line {
  readonly field: ParamsField;
  readonly input: Input;
  readonly problem: HTMLElement;
  readonly element: HTMLElement;
}

const INPUT_TYPES: Readonly<Partial<Record<ParamsField['type'], string>>> = {
  email: 'email',
  url: 'url',
  date: 'datetime-local',
};

/** A field that holds no value of its type; `message` is for whoever wrote it. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The params of a handler as a form, a line for each field of its class. What is right or wrong is the server's to say;
 * here is only refused what has no form to be sent in.
 */
export class ParamsForm {
  private readonly lines: readonly Line[];
  readonly element: HTMLElement;

  constructor(fields: readonly ParamsField[]) {
    this.lines = fields.map((field, index) => line(field, `param-${index}`));
    this.element = h(
      'div',
      { class: 'params-form' },
      ...this.lines.map(({ element }) => element),
      fields.length === 0 && h('p', { class: 'notice' }, 'It takes no params.'),
    );
  }

  /** @throws FieldError for what is no value of its field's type */
  read(): Record<string, unknown> {
    const params: Record<string, unknown> = {};
    for (const { field, input } of this.lines) {
      const value = valueOf(field, input.value);
      if (value !== undefined) params[field.name] = value;
    }
    return params;
  }

  /** Shows the values; false where there are some that the form has no field for. */
  write(params: Readonly<Record<string, unknown>>): boolean {
    const names = new Set(this.lines.map(({ field }) => field.name));
    if (Object.keys(params).some((name) => !names.has(name))) return false;
    for (const { field, input } of this.lines) input.value = textOf(field, params[field.name]);
    return true;
  }

  /** Shows what is wrong at the field; false where there is none of that name. @param path as `to` or `cards[0].number` */
  showProblem(path: string, message: string): boolean {
    const found = this.lines.find(
      ({ field: { name } }) => path === name || (/^[.[]/.test(path.slice(name.length)) && path.startsWith(name)),
    );
    if (!found) return false;
    const rest = path.slice(found.field.name.length).replace(/^\./, '');
    const last = rest.split('.').at(-1)!;
    // A message begins with the last name of its path.
    const text = message.startsWith(`${last} `)
      ? `${rest}${message.slice(last.length)}`
      : rest === ''
        ? message
        : `${rest}: ${message}`;
    found.problem.textContent = [found.problem.textContent, text].filter((part) => part !== '').join('; ');
    found.input.setAttribute('aria-invalid', 'true');
    return true;
  }

  clearProblems(): void {
    for (const { problem, input } of this.lines) {
      problem.textContent = '';
      input.removeAttribute('aria-invalid');
    }
  }
}

function line(field: ParamsField, id: string): Line {
  const { name, required } = field;
  const input = inputOf(field, id);
  const hint = h('span', { id: `${id}-hint`, class: 'hint' }, limits(field).join(' · '));
  const problem = h('span', { id: `${id}-problem`, class: 'problem' });
  input.setAttribute('aria-describedby', `${id}-hint ${id}-problem`);
  if (required) input.setAttribute('aria-required', 'true');
  const label = h('label', { for: id, class: required ? 'required' : '' }, name);
  return { field, input, problem, element: h('div', { class: 'field' }, label, input, hint, problem) };
}

function inputOf(field: ParamsField, id: string): Input {
  const { type, sensitive, values, required } = field;
  const choices = type === 'boolean' ? [true, false] : type === 'enum' ? (values ?? []) : null;
  if (choices) {
    const none: Child = !required && h('option', { value: '' }, 'not given');
    const options = choices.map((value) => h('option', { value: JSON.stringify(value) }, String(value)));
    return h('select', { id }, none, ...options);
  }
  if (type === 'array' || type === 'object') {
    return h('textarea', { id, rows: '3', spellcheck: 'false', placeholder: type === 'array' ? '[]' : '{}' });
  }
  const isNumber = type === 'number' || type === 'integer';
  return h('input', {
    id,
    type: sensitive ? 'password' : (INPUT_TYPES[type] ?? 'text'),
    inputmode: isNumber && (type === 'integer' ? 'numeric' : 'decimal'),
    step: type === 'date' && '1',
    autocomplete: sensitive ? 'new-password' : 'off',
    spellcheck: 'false',
  });
}

function limits({ type, required, sensitive, min, max, minLength, maxLength, pattern }: ParamsField): string[] {
  const limit = (text: string, value: number | string | undefined): string[] =>
    value === undefined ? [] : [`${text} ${value}`];
  return [
    type === 'object' || type === 'array' ? `${type}, as JSON` : type === 'enum' ? '' : type,
    required ? '' : 'optional',
    ...limit('at least', min),
    ...limit('at most', max),
    ...(minLength === undefined ? [] : [`at least ${plural(minLength, 'character')}`]),
    ...(maxLength === undefined ? [] : [`at most ${plural(maxLength, 'character')}`]),
    ...limit('like', pattern),
    sensitive ? 'never shown again' : '',
  ].filter((text) => text !== '');
}

/** Undefined: not given. */
function valueOf({ name, type, required }: ParamsField, text: string): unknown {
  // An empty text is one, where a text has to be given.
  if (text === '') return required && type === 'string' ? '' : undefined;
  switch (type) {
    case 'number':
    case 'integer': {
      const value = Number(text);
      if (Number.isNaN(value)) throw new FieldError(name, 'must be a number');
      return value;
    }
    case 'date':
      return new Date(text).toISOString();
    case 'boolean':
    case 'enum':
      return JSON.parse(text);
    case 'array':
    case 'object':
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new FieldError(name, `is no JSON: ${(error as Error).message}`);
      }
    default:
      return text;
  }
}

function textOf({ type }: ParamsField, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (type === 'boolean' || type === 'enum' || type === 'array' || type === 'object') return JSON.stringify(value);
  if (type === 'date') {
    const date = new Date(value as string);
    if (Number.isNaN(date.getTime())) return '';
    return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
