// The question for a token of staff.
/** @jsxImportSource preact */

/** `enter` gets the token; `refusal` says why the last one was no good. */
export function SigningIn({ refusal, enter }: { refusal: string; enter: (token: string) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    enter(String(token).trim().replace(/^Bearer /, ""));
  };
  return (
    <main class="signing-in">
      <h1>Orderstream console</h1>
      <form onSubmit={submit}>
        {refusal && <p role="alert">{refusal}</p>}
        <label>
          Token of staff
          <input name="token" type="password" autocomplete="off" required />
        </label>
        <p class="note">
          Of your identity provider, or of <code>orderstream token --role staff</code>. It is kept in this tab alone, until
          you close it.
        </p>
        <button type="submit">Sign in</button>
      </form>
    </main>
  );
}
