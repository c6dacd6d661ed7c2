/** Apollo Client: the client, commands, reads and pages of a small shop. */

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { map } from 'rxjs';
import { mayRepeat, receiptOf } from './commands.js';
import { ORDER, ORDERS, PLACE_ORDER, PRODUCT_CHANGED } from './operations.js';

// #region client
/** `live` is the WebSocket of graphql-ws.js. */
export function createShop(url, getToken, live) {
  const signIn = new SetContextLink(async ({ headers }) => ({
    headers: { ...headers, Authorization: `Bearer ${await getToken()}` },
  }));
  const retry = new RetryLink({
    delay: { initial: 500 },
    attempts: {
      max: 6,
      retryIf: (error, { operationType, variables }) => {
        const graphQLErrors = CombinedGraphQLErrors.is(error) ? error.errors : [];
        const networkError = graphQLErrors.length ? undefined : error;
        return mayRepeat({ networkError, graphQLErrors, isMutation: operationType === 'mutation', key: variables?.key });
      },
    },
  });
  // RetryLink repeats what throws: an answer that is nothing but errors is made to.
  const throwing = new ApolloLink((operation, forward) =>
    forward(operation).pipe(
      map((result) => {
        if (result.errors && !result.data) throw new CombinedGraphQLErrors(result);
        return result;
      }),
    ),
  );
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === 'subscription',
      new GraphQLWsLink(live),
      ApolloLink.from([retry, throwing, signIn, new HttpLink({ uri: url })]),
    ),
    cache: new InMemoryCache({
      typePolicies: {
        Query: {
          fields: {
            // `consistentWith` says how fresh an answer must be, not which: it is no part of the key.
            order: { keyArgs: ['id'] },
            orders: relayStylePagination(['filter', 'orderBy']),
            products: relayStylePagination(['search', 'filter', 'orderBy']),
          },
        },
      },
    }),
  });
}

/** The data of an operation; throws CombinedGraphQLErrors, whose `errors` have the codes in `extensions.code`. */
export async function run(client, document, variables) {
  const operation = gql(document);
  const { data } =
    operation.definitions[0].operation === 'mutation'
      ? await client.mutate({ mutation: operation, variables })
      : await client.query({ query: operation, variables, fetchPolicy: 'network-only' });
  return data;
}
// #endregion

// #region place-order
/** The receipt; throws Refused. The retry link repeats it where the answer was lost: the key makes that safe. */
export async function placeOrder(client, input, key) {
  const receipt = receiptOf((await run(client, PLACE_ORDER, { input, key })).placeOrder);
  // A receipt tells the cache nothing: forget the lists that the command may have changed.
  client.cache.evict({ id: 'ROOT_QUERY', fieldName: 'orders' });
  return receipt;
}
// #endregion

/** The order as it is after the command of this receipt, or later; every view of it follows, through the cache. */
export async function readOrder(client, { id, consistencyToken }) {
  return (await run(client, ORDER, { id, with: [consistencyToken] })).order;
}

// #region pages
/** Shows a customer's orders, newest first; gives a function that shows one page more, and false when there is none. */
export function showOrders(client, customerId, show, first = 20) {
  const query = client.watchQuery({ query: gql(ORDERS), variables: { filter: { customerId }, first } });
  let shown;
  // relayStylePagination joins the pages: whoever watches the first page sees all that were loaded.
  query.subscribe(({ data }) => {
    shown = data?.orders;
    if (shown) show(shown);
  });
  return async () => {
    if (!shown?.pageInfo.hasNextPage) return false;
    await query.fetchMore({ variables: { after: shown.pageInfo.endCursor } });
    return true;
  };
}
// #endregion

/** The product now and at each change. No need to resume: after a reconnect, the first result is the product as it is. */
export function watchProduct(client, id, show) {
  const changes = client.subscribe({ query: gql(PRODUCT_CHANGED), variables: { id } });
  const subscription = changes.subscribe(({ data, error }) => {
    if (error) console.error(error);
    if (data) show(data.productChanged);
  });
  return () => subscription.unsubscribe();
}
