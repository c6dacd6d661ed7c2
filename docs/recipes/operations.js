/** The operations of a small shop, as text: every client library takes them. */

export const PLACE_ORDER = `
  mutation PlaceOrder($input: PlaceOrderInput!, $key: ID!) {
    placeOrder(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken replayed }
      userErrors { code message field }
    }
  }
`;

export const CREATE_ORDER = `
  mutation CreateOrder($input: CreateOrderInput!, $key: ID!) {
    createOrder(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken }
      userErrors { code message field }
    }
  }
`;

export const ADD_ORDER_ITEM = `
  mutation AddOrderItem($input: AddOrderItemInput!, $key: ID!) {
    addOrderItem(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken }
      userErrors { code message field }
    }
  }
`;

export const CHANGE_ORDER_ITEM_QUANTITY = `
  mutation ChangeOrderItemQuantity($input: ChangeOrderItemQuantityInput!, $key: ID!) {
    changeOrderItemQuantity(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken }
      userErrors { code message field }
    }
  }
`;

export const REMOVE_ORDER_ITEM = `
  mutation RemoveOrderItem($input: RemoveOrderItemInput!, $key: ID!) {
    removeOrderItem(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken }
      userErrors { code message field }
    }
  }
`;

export const SUBMIT_ORDER = `
  mutation SubmitOrder($input: SubmitOrderInput!, $key: ID!) {
    submitOrder(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken }
      userErrors { code message field }
    }
  }
`;

export const CANCEL_ORDER = `
  mutation CancelOrder($input: CancelOrderInput!, $key: ID) {
    cancelOrder(input: $input, idempotencyKey: $key) {
      receipt { id version consistencyToken }
      userErrors { code message field }
    }
  }
`;

export const ORDER = `
  query Order($id: ID!, $with: [ConsistencyToken!]) {
    order(id: $id, consistentWith: $with) {
      id version status itemCount
      total { amount currencyCode }
      lines { productId name quantity lineTotal { amount currencyCode } }
    }
  }
`;

export const ORDERS = `
  query Orders($filter: OrderFilter, $first: Int, $after: String) {
    orders(filter: $filter, first: $first, after: $after) {
      totalCount
      edges { cursor node { id version status total { amount currencyCode } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

export const PRODUCT_CHANGED = `
  subscription ProductChanged($id: ID!) {
    productChanged(productId: $id) { id version name available price { amount currencyCode } }
  }
`;

export const ORDER_STATUS_CHANGED = `
  subscription OrderStatusChanged($id: ID!, $afterVersion: Int!) {
    orderStatusChanged(orderId: $id, afterVersion: $afterVersion) { version previousStatus status occurredAt }
  }
`;

export const POSITION = `
  query Position {
    projection { position }
  }
`;

export const ORDERS_CHANGED = `
  subscription OrdersChanged($customerId: ID, $after: String) {
    ordersChanged(customerId: $customerId, after: $after) { cursor orderId version status }
  }
`;
