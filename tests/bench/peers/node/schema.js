// The part of the contract that is measured, and resolvers that ask one of the two layouts.

export const typeDefs = `
  type Money { amount: String! currencyCode: String! }
  type OrderCustomer { id: ID! name: String! }
  type OrderLine {
    productId: ID! sku: String! name: String! quantity: Int! unitPrice: Money! lineTotal: Money!
  }
  type Order {
    id: ID! version: Int! status: String! itemCount: Int! total: Money! createdAt: String!
    customer: OrderCustomer! lines: [OrderLine!]!
  }
  type Product {
    id: ID! sku: String! name: String! category: String! price: Money! available: Int! status: String!
  }
  type PageInfo { hasNextPage: Boolean! }
  type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! totalCount: Int! }
  type ProductConnection { nodes: [Product!]! pageInfo: PageInfo! totalCount: Int! }
  input OrderFilter { customerId: ID! }
  type Query {
    order(id: ID!): Order
    orders(filter: OrderFilter!, first: Int! = 20): OrderConnection!
    products(search: String!, first: Int! = 20): ProductConnection!
  }
`;

export function resolversFor(layout) {
  return {
    Query: {
      order: (_, { id }) => layout.order(id),
      orders: (_, { filter, first }) => layout.orders(filter.customerId, first),
      products: (_, { search, first }) => layout.products(search, first),
    },
    ...layout.resolvers,
  };
}

// The first of what was found, where one more than those was looked for.
export function page(found, first, totalCount) {
  return { nodes: found.slice(0, first), pageInfo: { hasNextPage: found.length > first }, totalCount };
}

export function money(amount, currencyCode) {
  return { amount, currencyCode };
}
