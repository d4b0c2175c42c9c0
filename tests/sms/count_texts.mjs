// Reads texts as JSON lines, and answers for each how the desk counts it.
import { createInterface } from "node:readline";
import { plainly, segments } from "../../webchat/static/desk/segments.js";

for await (const line of createInterface({ input: process.stdin })) {
  const text = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ text, plain: plainly(text), ...segments(plainly(text)) })}\n`);
}
