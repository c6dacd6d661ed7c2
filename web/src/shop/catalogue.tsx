// The catalogue: search as you type, by category, in any order, page by page.

import { useEffect, useState } from "react";
import { useQuery } from "urql";

import { useBasket } from "./basket.tsx";
import { CatalogueDocument, CategoriesDocument, type CatalogueQuery, type ProductOrder } from "./generated.ts";
import { type Session, useShopper } from "./session.ts";
import { Heading } from "./shop.tsx";
import { Money, Problem } from "./showing.tsx";

const ORDERS: Record<ProductOrder, string> = {
  BEST_SELLING: "Best sellers",
  NAME: "By name",
  NEWEST: "Newest",
  PRICE_LOW_TO_HIGH: "Cheapest",
  PRICE_HIGH_TO_LOW: "Dearest",
};

export function Catalogue({ session, onStranger }: { session: Session; onStranger: () => void }) {
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState("");
  const [orderBy, setOrderBy] = useState<ProductOrder>("BEST_SELLING");
  const [{ data: categories }] = useQuery({ query: CategoriesDocument, variables: {} });
  const { data: shopper } = useShopper(session);
  const words = useSettled(search.trim());

  // The browser may remember a customer of other data than the server has.
  useEffect(() => {
    if (shopper && !shopper.me) onStranger();
  }, [shopper, onStranger]);

  return (
    <>
      <Heading>Catalogue</Heading>
      {shopper?.me && <p className="hello">Hello, {shopper.me.name}.</p>}
      <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search <input type="search" value={search} maxLength={200} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <label>
          Category{" "}
          <select value={category} onChange={(event) => setCategory(event.target.value)}>
            <option value="">All</option>
            {categories?.categories.map(({ name, productCount }) => (
              <option key={name} value={name}>
                {name} ({productCount})
              </option>
            ))}
          </select>
        </label>
        <label>
          Order{" "}
          <select value={orderBy} onChange={(event) => setOrderBy(event.target.value as ProductOrder)}>
            {Object.entries(ORDERS).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </form>
      <Products key={[words, category, orderBy].join("\n")} search={words} category={category} orderBy={orderBy} />
    </>
  );
}

function Products({ search, category, orderBy }: { search: string; category: string; orderBy: ProductOrder }) {
  // The cache joins the pages: asked for the page after a cursor, it answers all pages up to there.
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, error, fetching }] = useQuery({
    query: CatalogueDocument,
    variables: { search: search || null, filter: { category: category || null }, orderBy, after },
    requestPolicy: "cache-and-network",
  });
  return (
    <>
      <Problem of={error} />
      <p role="status" className="count">
        {data ? (data.products.totalCount === 1 ? "1 product" : `${data.products.totalCount} products`) : " "}
      </p>
      <ul className="products">
        {data?.products.edges.map(({ node }) => (
          <Product key={node.id} product={node} />
        ))}
      </ul>
      {data?.products.pageInfo.hasNextPage && (
        <button className="more" disabled={fetching} onClick={() => setAfter(data.products.pageInfo.endCursor)}>
          Show more
        </button>
      )}
    </>
  );
}

type ProductNode = CatalogueQuery["products"]["edges"][number]["node"];

function Product({ product: { id, name, description, category, available, price } }: { product: ProductNode }) {
  const { add, isBusy } = useBasket();
  return (
    <li className="product">
      <h2>{name}</h2>
      <p className="category">{category}</p>
      <p className="description">{description}</p>
      <p className="price">
        <Money of={price} /> <small>{available > 0 ? `${available} left` : "Sold out"}</small>
      </p>
      <button disabled={available === 0 || isBusy} onClick={() => add(id, name)}>
        Add to basket<span className="unseen">: {name}</span>
      </button>
    </li>
  );
}

/** The value, once it has not changed for a moment: who types a word asks once. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 200);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
