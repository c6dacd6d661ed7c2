// graphql-yoga, on the layout that is named: `node yoga.js plain|rows`. PORT, REDIS_URL.
import { createServer } from 'node:http';

import { createSchema, createYoga } from 'graphql-yoga';

import { resolversFor, typeDefs } from './schema.js';

const { open } = await import(`./${process.argv[2]}.js`);
const schema = createSchema({ typeDefs, resolvers: resolversFor(open(process.env.REDIS_URL)) });
createServer(createYoga({ schema, logging: false, graphiql: false })).listen(Number(process.env.PORT), '127.0.0.1');
