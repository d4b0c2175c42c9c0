// What the driver could reach at most: a server that keeps nothing, decodes next to nothing and is not the product's
// language. Speaks just enough Socket.IO for one namespace: connect, `say`, its acknowledgement, `event` to the pair.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";

// No pings: the client is told to expect none for eleven days.
const open = JSON.stringify({ sid: "0", upgrades: [], pingInterval: 1e9, pingTimeout: 1e6, maxPayload: 1e6 });
const supporters = new Map();
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

server.on("connection", (socket) => {
  let pair;
  socket.send(`0${open}`);
  socket.on("message", (data) => {
    const frame = data.toString();
    if (frame.startsWith("40")) {
      const auth = JSON.parse(frame.slice(2));
      pair = auth.pair;
      if (auth.side === "supporter") supporters.set(pair, socket);
      socket.send('40{"sid":"0"}');
    } else if (frame.startsWith("42")) {
      const body = frame.indexOf("[");
      supporters.get(pair).send(`42["event",${frame.slice(frame.indexOf(",", body) + 1)}`);
      socket.send(`43${frame.slice(2, body)}[{"seq":1}]`);
    }
  });
});

http.listen(0, "127.0.0.1", () => process.stdout.write(`${JSON.stringify({ port: http.address().port })}\n`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
