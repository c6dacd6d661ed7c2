// GraphiQL, opened on the examples, signed in as whomever the server says.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import { createRoot } from "react-dom/client";

import { pageData } from "../page_data.ts";
import "./graphiql.css";
import { keeping } from "./keeping.ts";
import { tabsAsList } from "./tabs.ts";

interface Example {
  query: string;
  variables: Record<string, string>;
}

const { examples, headers } = pageData<{ examples: Example[]; headers: Record<string, string> }>();

const tabs = examples.map(({ query, variables }) => ({ query, variables: json(variables), headers: json(headers) }));
const address = new URL("/graphql", location.href);
const fetcher = createGraphiQLFetcher({
  url: address.href,
  subscriptionUrl: address.href.replace(/^http/, "ws"),
});

const root = document.getElementById("graphiql")!;
tabsAsList(root);
createRoot(root).render(
  <GraphiQL
    fetcher={fetcher}
    storage={keeping(localStorage)}
    defaultTabs={tabs}
    initialQuery={tabs[0]?.query}
    initialVariables={tabs[0]?.variables}
    initialHeaders={tabs[0]?.headers}
    defaultHeaders={json(headers)}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>Orderstream</GraphiQL.Logo>
  </GraphiQL>,
);

/** As an editor shows it; nothing where there is nothing to show. */
function json(values: Record<string, string>): string {
  return Object.keys(values).length ? JSON.stringify(values, null, 2) : "";
}
