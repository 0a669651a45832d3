import type { ComponentChildren, JSX } from 'preact';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly problems: readonly string[] | undefined;
  readonly children: ComponentChildren;
}

/** What a person may write, with its name and what is wrong with it. */
export function Field({ id, label, problems, children }: FieldProps): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <span id={`${id}-problem`} class="problem">
        {problems?.join('; ')}
      </span>
    </div>
  );
}
