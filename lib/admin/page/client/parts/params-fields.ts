import type { ParamsField } from '../api-types.js';
import { countOf } from '../format.js';

/** A field that holds no value of its type; `message` is for whoever wrote it. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** The choices of a field; null where it has none. */
export function choicesOf({ type, values }: ParamsField): readonly unknown[] | null {
  return type === 'boolean' ? [true, false] : type === 'enum' ? (values ?? []) : null;
}

export function limitsOf(field: ParamsField): string {
  const { type, required, sensitive, min, max, minLength, maxLength, pattern } = field;
  const isOpen = isGroup(field) || isList(field);
  const limit = (text: string, value: number | string | undefined): string[] =>
    value === undefined ? [] : [`${text} ${value}`];
  return [
    type === 'object' || type === 'array' ? (isOpen ? type : `${type}, as JSON`) : type === 'enum' ? '' : type,
    required ? '' : 'optional',
    ...limit('at least', min),
    ...limit('at most', max),
    ...(minLength === undefined ? [] : [`at least ${countOf(minLength, 'character')}`]),
    ...(maxLength === undefined ? [] : [`at most ${countOf(maxLength, 'character')}`]),
    ...limit('like', pattern),
    sensitive ? 'never shown again' : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

/** What is written of a field: a text, or by name or place what is written of what it holds. */
export type Draft = string | readonly Draft[] | Drafts;
export interface Drafts {
  readonly [name: string]: Draft;
}

/** An object whose fields are known is written field by field. */
export function isGroup({ type, fields }: ParamsField): boolean {
  return type === 'object' && fields !== undefined;
}

/** An array whose items are known is written item by item. */
export function isList({ type, fields, items }: ParamsField): boolean {
  return type === 'array' && (fields !== undefined || items !== undefined);
}

/** The field that each item of a list is. */
export function itemOf({ fields, items, minLength: _, ...field }: ParamsField): ParamsField {
  const type = items ?? 'object';
  return { ...field, name: '', required: true, type, ...(fields && { fields }) };
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Where something stands in the params, as the app names it where it is wrong: `items[2].price`. */
export function pathTo(above: string, key: string | number): string {
  if (typeof key === 'number') return `${above}[${key}]`;
  if (!IDENTIFIER.test(key)) return `${above}[${JSON.stringify(key)}]`;
  return above === '' ? key : `${above}.${key}`;
}

/** Every place that the form shows. */
export function pathsIn(fields: readonly ParamsField[], drafts: Draft | undefined, above = ''): string[] {
  return fields.flatMap((field) => {
    const path = pathTo(above, field.name);
    const draft = (drafts as Drafts | undefined)?.[field.name];
    if (isGroup(field)) return [path, ...pathsIn(field.fields!, draft, path)];
    if (!isList(field)) return [path];
    const items = itemsWritten(draft).flatMap((item, index) => {
      const place = pathTo(path, index);
      return [place, ...(field.fields ? pathsIn(field.fields, item, place) : [])];
    });
    return [path, ...items];
  });
}

export function itemsWritten(draft: Draft | undefined): readonly Draft[] {
  return Array.isArray(draft) ? (draft as readonly Draft[]) : [];
}

/** The params that were written. @throws FieldError for what is no value of its field's type */
export function writtenParams(
  fields: readonly ParamsField[],
  drafts: Draft | undefined,
  above = '',
): Record<string, unknown> {
  return Object.fromEntries(
    fields
      .map((field) => [
        field.name,
        valueOf(field, (drafts as Drafts | undefined)?.[field.name], pathTo(above, field.name)),
      ])
      .filter(([, value]) => value !== undefined),
  ) as Record<string, unknown>;
}

/** @returns undefined for what is not given */
function valueOf(field: ParamsField, draft: Draft | undefined, path: string): unknown {
  if (isGroup(field)) {
    if (!field.required && isBlank(draft)) return undefined;
    return writtenParams(field.fields!, draft, path);
  }
  if (!isList(field)) return valueOfText(field, typeof draft === 'string' ? draft : '', path);
  const items = itemsWritten(draft);
  if (items.length === 0 && !field.required) return undefined;
  return items.map((item, index) => {
    const value = valueOf(itemOf(field), item, pathTo(path, index));
    if (value === undefined) throw new FieldError(pathTo(path, index), 'is empty: write it, or remove it');
    return value;
  });
}

function isBlank(draft: Draft | undefined): boolean {
  if (draft === undefined || typeof draft === 'string') return (draft ?? '') === '';
  return Object.values(draft).every((inner: Draft) => isBlank(inner));
}

function valueOfText({ type, required }: ParamsField, text: string, path: string): unknown {
  // An empty text is one, where a text has to be given.
  if (text === '') return required && type === 'string' ? '' : undefined;
  switch (type) {
    case 'number':
    case 'integer': {
      const value = Number(text);
      if (Number.isNaN(value)) throw new FieldError(path, 'must be a number');
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
        throw new FieldError(path, `is no JSON: ${(error as Error).message}`);
      }
    default:
      return text;
  }
}

/** What has to be written for params. @throws FieldError where the form has no place for something of them */
export function draftsOf(fields: readonly ParamsField[], params: unknown): Drafts {
  const values = objectOf(params);
  const names = new Set(fields.map(({ name }) => name));
  if (Object.keys(values).some((name) => !names.has(name)))
    throw new FieldError('params', 'has fields that the form does not have');
  return Object.fromEntries(fields.map((field) => [field.name, draftOf(field, values[field.name])]));
}

function draftOf(field: ParamsField, value: unknown): Draft {
  if (isGroup(field)) return value === undefined || value === null ? {} : draftsOf(field.fields!, value);
  if (!isList(field)) return textOf(field, value);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new FieldError('params', `has a ${field.name} that is no list`);
  return value.map((item) => draftOf(itemOf(field), item));
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FieldError('params', 'has something else where the form has an object');
}

/** The text that a field has for a value. */
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
