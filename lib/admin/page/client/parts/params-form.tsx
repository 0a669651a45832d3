import type { ComponentChildren, JSX } from 'preact';
import type { ParamsField } from '../api-types.js';
import {
  choicesOf,
  isGroup,
  isList,
  itemOf,
  limitsOf,
  itemsWritten,
  pathTo,
  type Draft,
  type Drafts,
} from './params-fields.js';

const INPUT_TYPES: Readonly<Partial<Record<ParamsField['type'], 'email' | 'url' | 'datetime-local'>>> = {
  email: 'email',
  url: 'url',
  date: 'datetime-local',
};

interface Props {
  readonly fields: readonly ParamsField[];
  readonly drafts: Draft | undefined;
  /** What is wrong, by where it stands in the params. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
  readonly write: (drafts: Drafts) => void;
  /** Where the fields stand in the params; empty for the params themselves. */
  readonly path?: string;
  readonly id?: string;
}

/** The params of a handler as a form, a line for each field. What is right or wrong is the server's to say. */
export function ParamsForm({ fields, drafts = {}, problems, write, path = '', id = 'param' }: Props): JSX.Element {
  if (fields.length === 0) return <p class="notice">It takes no params.</p>;
  const written = drafts as Drafts;
  return (
    <div class="params-form">
      {fields.map((field, index) => (
        <Part
          key={field.name}
          field={field}
          label={field.name}
          path={pathTo(path, field.name)}
          id={`${id}-${index}`}
          draft={written[field.name]}
          problems={problems}
          write={(draft) => write({ ...written, [field.name]: draft })}
        />
      ))}
    </div>
  );
}

interface PartProps {
  readonly field: ParamsField;
  readonly label: string;
  readonly path: string;
  readonly id: string;
  readonly draft: Draft | undefined;
  readonly problems: Props['problems'];
  readonly write: (draft: Draft) => void;
}

/** A line for a field that is one value; what it holds, line by line, for one that is several. */
function Part(props: PartProps): JSX.Element {
  const { field, label, path, id, draft, problems, write } = props;
  const own = problems[path] ?? [];
  if (isGroup(field))
    return (
      <Group label={label} hint={field.required ? '' : 'optional: nothing written, nothing given'} problems={own}>
        <ParamsForm fields={field.fields!} drafts={draft} problems={problems} write={write} path={path} id={id} />
      </Group>
    );
  if (isList(field)) return <List {...props} />;
  const text = typeof draft === 'string' ? draft : '';
  return <Line field={field} label={label} id={id} text={text} problems={own} write={write} />;
}

/** An array, item by item. */
function List({ field, label, path, id, draft, problems, write }: PartProps): JSX.Element {
  const items = itemsWritten(draft);
  const item = itemOf(field);
  return (
    <Group label={label} hint={field.required ? '' : 'optional'} problems={problems[path] ?? []}>
      {items.map((one, index) => (
        <div key={index} class="params-item">
          <Part
            field={item}
            label={`${label} ${index + 1}`}
            path={pathTo(path, index)}
            id={`${id}-${index}`}
            draft={one}
            problems={problems}
            write={(next) => write(items.with(index, next))}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove ${label} ${index + 1}`}
            onClick={() => write(items.toSpliced(index, 1))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" onClick={() => write([...items, item.type === 'object' ? {} : ''])}>
        {`Add to ${label}`}
      </button>
    </Group>
  );
}

function Group({
  label,
  hint,
  problems,
  children,
}: {
  readonly label: string;
  readonly hint: string;
  readonly problems: readonly string[];
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <fieldset class="params-group">
      <legend>{label}</legend>
      {hint !== '' && <span class="hint">{hint}</span>}
      {children}
      <span class="problem">{problems.join('; ')}</span>
    </fieldset>
  );
}

interface LineProps {
  readonly field: ParamsField;
  readonly label: string;
  readonly id: string;
  readonly text: string;
  readonly problems: readonly string[];
  readonly write: (text: string) => void;
}

function Line({ field, label, id, text, problems, write }: LineProps): JSX.Element {
  const { type, required, sensitive } = field;
  const choices = choicesOf(field);
  const common = {
    id,
    value: text,
    'aria-describedby': `${id}-hint ${id}-problem`,
    'aria-required': required,
    'aria-invalid': problems.length > 0,
    onInput: (event: { currentTarget: { value: string } }) => write(event.currentTarget.value),
  };
  const isNumber = type === 'number' || type === 'integer';
  return (
    <div class="field">
      <label for={id} class={required ? 'required' : ''}>
        {label}
      </label>
      {choices ? (
        <select {...common}>
          {/* Nothing is sent that nobody has read. */}
          <option value="">{required ? 'choose …' : 'not given'}</option>
          {choices.map((value) => (
            <option key={JSON.stringify(value)} value={JSON.stringify(value)}>
              {String(value)}
            </option>
          ))}
        </select>
      ) : type === 'array' || type === 'object' ? (
        <textarea {...common} rows={3} spellcheck={false} placeholder={type === 'array' ? '[]' : '{}'} />
      ) : (
        <input
          {...common}
          {...typeOf(field)}
          inputMode={isNumber ? (type === 'integer' ? 'numeric' : 'decimal') : undefined}
          step={type === 'date' ? '1' : undefined}
          autocomplete={sensitive ? 'new-password' : 'off'}
          spellcheck={false}
        />
      )}
      <span id={`${id}-hint`} class="hint">
        {limitsOf(field)}
      </span>
      <span id={`${id}-problem`} class="problem">
        {problems.join('; ')}
      </span>
    </div>
  );
}

/** Told apart by the types of the element, which all take the rest. */
function typeOf({ type, sensitive }: ParamsField): { readonly type: 'text' } {
  const kind: string = sensitive ? 'password' : (INPUT_TYPES[type] ?? 'text');
  return { type: kind as 'text' };
}
