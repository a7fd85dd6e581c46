import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A model that speaks the OpenAI protocol and takes its time: a search first,
 * then a long answer word by word. For what only a slow answer shows: Stop,
 * and a reload in the middle.
 */
export async function slowModel(pauseMs: number): Promise<{ url: string; stop(): void }> {
  const server = createServer(async (req, res) => {
    let raw = "";
    for await (const chunk of req) raw += chunk;
    if (!req.url?.endsWith("/chat/completions")) {
      res.writeHead(404).end();
      return;
    }
    const asked = JSON.parse(raw) as { messages: { role: string; content?: string }[] };
    const last = asked.messages.at(-1);
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    if (last?.role === "user") search(res, last.content ?? "");
    else await answer(res, pauseMs);
    res.end("data: [DONE]\n\n");
  });
  await new Promise<void>((r) => server.listen(0, "127.0.0.1", r));
  const { port } = server.address() as AddressInfo;
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/v1`, stop };
}

function chunk(res: ServerResponse, delta: object, finish: string | null = null) {
  const body = {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "slow",
    choices: [{ index: 0, delta, finish_reason: finish }],
  };
  res.write(`data: ${JSON.stringify(body)}\n\n`);
}

function search(res: ServerResponse, question: string) {
  const call = {
    index: 0,
    id: "call_1",
    type: "function",
    function: {
      name: "search_knowledge",
      arguments: JSON.stringify({ query: question.slice(-200) }),
    },
  };
  chunk(res, { role: "assistant", tool_calls: [call] });
  chunk(res, {}, "tool_calls");
}

async function answer(res: ServerResponse, pauseMs: number) {
  chunk(res, { role: "assistant", content: "" });
  for (let i = 1; i <= 150 && !res.destroyed; i++) {
    chunk(res, { content: i % 40 === 0 ? "\n\n" : `word${i} ` });
    await new Promise((r) => setTimeout(r, pauseMs));
  }
  chunk(res, { content: "the end [1]." });
  chunk(res, {}, "stop");
}
