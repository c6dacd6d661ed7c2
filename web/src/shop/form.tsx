// Forms whose inputs show what the server says of them: no rule is written twice.

import { type FormEvent, type InputHTMLAttributes, useId, useRef, useState } from "react";

import { Refused } from "../../../docs/recipes/commands.js";

export interface Form {
  handlers: { noValidate: true; onSubmit: (event: FormEvent<HTMLFormElement>) => void };
  /** By input, as the paths of `userErrors` name them: "shippingAddress.city". */
  faults: Record<string, string>;
  /** What went wrong beside those. */
  problem?: unknown;
  isBusy: boolean;
}

/** A form that hands its inputs to `send`, by their names; a refusal is shown at the inputs that it blames. */
export function useForm<Input>(send: (input: Input) => Promise<void>): Form {
  const [isBusy, setBusy] = useState(false);
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<unknown>();
  const isSending = useRef(false);

  const submit = async (form: HTMLFormElement) => {
    if (isSending.current) return; // a double click
    isSending.current = true;
    setBusy(true);
    setFaults({});
    setProblem(undefined);
    try {
      await send(Object.fromEntries(new FormData(form)) as Input);
    } catch (refusal) {
      const faults: Record<string, string> = refusal instanceof Refused ? refusal.byInput : {};
      const blamed = [...form.elements].find((input) => (input as HTMLInputElement).name in faults);
      if (blamed) setFaults(faults);
      else setProblem(refusal);
      (blamed as HTMLElement | undefined)?.focus();
    } finally {
      isSending.current = false;
      setBusy(false);
    }
  };

  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void submit(event.currentTarget);
  };
  return { handlers: { noValidate: true, onSubmit }, faults, problem, isBusy };
}

interface Labelled extends Omit<InputHTMLAttributes<HTMLInputElement>, "form"> {
  form: Form;
  name: string;
  label: string;
}

/** An input with its label, and below it what is wrong with it. */
export function Field({ form, name, label, ...input }: Labelled) {
  const id = useId();
  const fault = form.faults[name];
  return (
    <p className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} name={name} aria-invalid={Boolean(fault)} aria-describedby={fault && `${id}-fault`} {...input} />
      {fault && (
        <span id={`${id}-fault`} className="fault">
          {fault}
        </span>
      )}
    </p>
  );
}
