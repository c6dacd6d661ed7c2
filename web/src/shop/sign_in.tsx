// Signing in, as one of the customers that there are or as a new one: a page for development, in place of a password.

import { useEffect, useState } from "react";

import { keyOf } from "../../../docs/recipes/commands.js";
import { ask, command } from "./asking.ts";
import { Field, useForm } from "./form.tsx";
import { RegisterCustomerDocument, ShoppersDocument, type ShoppersQuery } from "./generated.ts";
import { type Session, type Shopper, signIn } from "./session.ts";
import { Problem } from "./showing.tsx";

export function SignIn({ onChoice }: { onChoice: (shopper: Shopper) => void }) {
  const [staff, setStaff] = useState<Session>();
  const [shoppers, setShoppers] = useState<ShoppersQuery["customers"]["nodes"]>([]);
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    document.title = "Sign in – The example shop";
    // Who registers customers, and may see them all, is staff.
    signIn("staff")
      .then(async (staff) => {
        setStaff(staff);
        setShoppers((await ask(staff.client, ShoppersDocument, {})).customers.nodes);
      })
      .catch(setProblem);
  }, []);
  return (
    <main className="sign-in">
      <h1>Orderstream shop</h1>
      <p>An example of a shop on Orderstream. Whom would you like to be?</p>
      <Problem of={problem} />
      <ul className="shoppers" aria-label="Customers">
        {shoppers.map(({ id, name, email }) => (
          <li key={id}>
            <button className="choice" onClick={() => onChoice({ id })}>
              <strong>{name}</strong> <small>{email}</small>
            </button>
          </li>
        ))}
      </ul>
      {staff && <Register staff={staff} onChoice={onChoice} />}
    </main>
  );
}

function Register({ staff, onChoice }: { staff: Session; onChoice: (shopper: Shopper) => void }) {
  const form = useForm(async (input: { name: string; email: string }) => {
    const intention = `register ${input.email}`;
    const receipt = await command(staff.client, RegisterCustomerDocument, input, keyOf(intention, sessionStorage));
    sessionStorage.removeItem(intention);
    onChoice({ id: receipt.id, registered: receipt.consistencyToken });
  });
  return (
    <form {...form.handlers}>
      <h2>Or somebody new</h2>
      <Problem of={form.problem} />
      <Field form={form} name="name" label="Name" autoComplete="name" />
      <Field form={form} name="email" label="E-mail" type="email" autoComplete="email" />
      <button disabled={form.isBusy}>Register and sign in</button>
    </form>
  );
}
