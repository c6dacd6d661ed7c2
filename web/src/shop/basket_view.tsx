// The basket and its checkout.

import { useBasket } from "./basket.tsx";
import { Field, useForm } from "./form.tsx";
import type { AddressInput } from "./generated.ts";
import { show } from "./order.tsx";
import { type Session, useShopper } from "./session.ts";
import { Heading } from "./shop.tsx";
import { Money, Problem } from "./showing.tsx";

export function BasketView({ session }: { session: Session }) {
  const { seen, problem, change, isBusy } = useBasket();
  return (
    <>
      <Heading>Basket</Heading>
      <Problem of={problem} />
      {!seen?.lines.length ? (
        <p>
          There is nothing in it yet. <a href="#/">Look around in the catalogue.</a>
        </p>
      ) : (
        <div className="columns">
          <section aria-label="What is in it">
            <ul className="lines">
              {seen.lines.map(({ productId, name, quantity, lineTotal }) => (
                <li key={productId}>
                  <span className="what">{name}</span>
                  <span className="quantity">
                    <button
                      className="quiet"
                      disabled={isBusy}
                      aria-label={quantity > 1 ? `One ${name} less` : `Remove ${name}`}
                      onClick={() => change(productId, quantity - 1)}
                    >
                      −
                    </button>
                    <span>
                      {quantity}
                      <span className="unseen"> units</span>
                    </span>
                    <button
                      className="quiet"
                      disabled={isBusy}
                      aria-label={`One ${name} more`}
                      onClick={() => change(productId, quantity + 1)}
                    >
                      +
                    </button>
                  </span>
                  <Money of={lineTotal} />
                </li>
              ))}
            </ul>
            <p className="total">
              Total <Money of={seen.total} />
            </p>
            <p className="note">Prices are those of when things were put in. They are fixed, and stock is held, when you order.</p>
          </section>
          <Checkout session={session} />
        </div>
      )}
    </>
  );
}

const NAMES = ["recipient", "street", "city", "postalCode", "countryCode"] as const;

function Checkout({ session }: { session: Session }) {
  const { submit, isBusy } = useBasket();
  const { data, fetching } = useShopper(session);
  const form = useForm(async (input: Record<string, string>) => {
    const at = (name: string) => input[`shippingAddress.${name}`] ?? "";
    const address: AddressInput = {
      recipient: at("recipient"),
      street: at("street"),
      city: at("city"),
      postalCode: at("postalCode"),
      countryCode: at("countryCode").toUpperCase(),
    };
    const { id, token } = await submit(address);
    show(id, token);
  });
  if (fetching) return null;
  const last = data?.me?.orders.nodes.find((order) => order.shippingAddress)?.shippingAddress;
  const known: Partial<AddressInput> = last ?? { recipient: data?.me?.name };
  // The names are the paths that userErrors have, so that each message finds its input.
  const field = (name: (typeof NAMES)[number], label: string, autoComplete: string) => (
    <Field
      form={form}
      name={`shippingAddress.${name}`}
      label={label}
      defaultValue={known[name]}
      autoComplete={autoComplete}
    />
  );
  return (
    <form {...form.handlers} aria-labelledby="checkout" key={session.who}>
      <h2 id="checkout">Where shall it go?</h2>
      {field("recipient", "Name", "name")}
      {field("street", "Street and number", "street-address")}
      {field("postalCode", "Postal code", "postal-code")}
      {field("city", "Town", "address-level2")}
      {field("countryCode", "Country, in two letters", "country")}
      <Problem of={form.problem} />
      <button disabled={form.isBusy || isBusy}>Place the order</button>
    </form>
  );
}
