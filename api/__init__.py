"""The edge: GraphQL over HTTP and WebSocket, in front of the command side and the query side."""
