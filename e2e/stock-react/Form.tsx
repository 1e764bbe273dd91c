import { type FormEvent, type ReactNode, useState } from 'react';

/** What the methods of the client return. */
export interface Answer {
  readonly error: { readonly status: number; readonly code?: string | undefined } | null;
}

interface Props<Field extends string> {
  /** The name of the form and of its button. */
  readonly title: string;
  readonly fields: readonly Field[];
  readonly call: (values: Record<Field, string>) => Promise<Answer>;
}

/** A form for one call of the client. It shows "done", or the status and code of the error. */
export function Form<Field extends string>({ title, fields, call }: Props<Field>): ReactNode {
  const [result, setResult] = useState('');
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    setResult('…');
    const values = Object.fromEntries(fields.map((field) => [field, String(typed.get(field))]));
    const { error } = await call(values as Record<Field, string>);
    setResult(error ? `${error.status} ${error.code}` : 'done');
  };
  return (
    <form aria-label={title} onSubmit={(event) => void submit(event)}>
      {fields.map((field) => (
        <label key={field}>
          {field} <input name={field} />
        </label>
      ))}
      <button type="submit">{title}</button> <span role="status">{result}</span>
    </form>
  );
}
