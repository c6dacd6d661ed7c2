// The question whether an event shall really be given up for ever.
/** @jsxImportSource preact */

import { useEffect, useRef } from "preact/hooks";

import { counted } from "./numbers.ts";

interface Asked {
  name: string;
  behind: number;
  cancel: () => void;
  discard: (why: string) => void;
}

/** A dialog of its own, which Escape leaves. */
export function Discarding({ name, behind, cancel, discard }: Asked) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    discard(String(new FormData(event.currentTarget as HTMLFormElement).get("why")));
  };
  return (
    <dialog ref={dialog} onClose={cancel} aria-labelledby="discarding">
      <form onSubmit={submit}>
        <h2 id="discarding">Discard for ever?</h2>
        <p class="code">{name}</p>
        <p>
          The journal keeps it, but nothing will ever show what it did: no retry, no rebuild.
          {behind > 0 && ` ${counted(behind, "later event")} will be projected without it.`} It is recorded under your name.
        </p>
        <label>
          Why
          <input name="why" maxLength={500} autocomplete="off" />
        </label>
        <div class="actions">
          <button type="button" class="quiet" onClick={cancel}>
            Keep it
          </button>
          <button type="submit" class="dangerous">
            Discard for ever
          </button>
        </div>
      </form>
    </dialog>
  );
}
