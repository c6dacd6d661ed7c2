// fastify and mercurius with its JIT, on the layout that is named: `node mercurius.js plain|rows`. PORT, REDIS_URL.
import Fastify from 'fastify';
import mercurius from 'mercurius';

import { resolversFor, typeDefs } from './schema.js';

const { open } = await import(`./${process.argv[2]}.js`);
const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers: resolversFor(open(process.env.REDIS_URL)), jit: 1 });
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
