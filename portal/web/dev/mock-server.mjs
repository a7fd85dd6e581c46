// A server of cardboard for work on the screens alone: it speaks the REST
// interface and the chat protocol, keeps everything in memory, and has a few
// set answers. Nothing of it is built or shipped. `npm run mock`, then
// `npm run dev`; or MOCK_STATIC=dist to serve the built pages as well.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { answerFor, articles, people, seedTickets } from "./mock-data.mjs";

const port = Number(process.env.PORT ?? 8080);
const root = process.env.MOCK_STATIC;
const sessions = new Map(); // token -> login
const conversations = new Map(); // id -> {id, owner, title, events, handoff, ticket, sockets, turn}
const tickets = new Map();
const policies = {
  ticketing: { mode: "everyone", users: [] },
  knowledge_base: { mode: "everyone", users: [] },
  assistant: true,
  assistant_tickets: true,
  manual_tickets: true,
};
let lastNumber = 1040;

const now = () => new Date().toISOString();
const person = (login) => people.find((p) => p.login === login);
const isStaff = (p) => p.role === "technician" || p.role === "admin";
const me = (p) => ({
  ...p,
  tenant: { name: "Northwind IT", slug: "demo" },
  policies: {
    ticketing: policies.ticketing.mode !== "off",
    knowledge_base: policies.knowledge_base.mode !== "off",
    self_service: false,
    assistant: policies.assistant,
    assistant_tickets: policies.assistant_tickets,
    manual_tickets: policies.manual_tickets,
    reopen: true,
  },
  assistant: { offline: true, model: "offline" },
});

function conversationOf(id, owner) {
  let c = conversations.get(id);
  if (!c) {
    c = {
      id,
      owner,
      title: "",
      events: [],
      handoff: "none",
      sockets: new Set(),
      created_at: now(),
    };
    conversations.set(id, c);
  }
  return c;
}

function append(c, kind, body) {
  const event = { seq: c.events.length + 1, at: now(), kind, body };
  c.events.push(event);
  broadcast(c, { type: "event", ...event });
  return event;
}

const broadcast = (c, frame) => {
  for (const s of c.sockets) s.send(JSON.stringify(frame));
};

function openTicket(c, owner, subject, origin = "chat", description = "") {
  const t = {
    id: randomUUID(),
    number: ++lastNumber,
    subject: subject.slice(0, 80),
    status: "new",
    priority: "normal",
    origin,
    requester: { id: owner.id, name: owner.name, company: owner.company?.name },
    company: owner.company,
    conversation_id: c?.id,
    handoff: c?.handoff ?? "none",
    created_at: now(),
    updated_at: now(),
    description,
    replies: [],
  };
  tickets.set(t.id, t);
  if (c) c.ticket = t;
  return t;
}

function say(c, who, { id, text }) {
  const known = c.events.find((e) => e.kind === "user_message" && e.body.id === id);
  if (known) return broadcast(c, { type: "ack", id, seq: known.seq });
  const turn = c.handoff === "none" && policies.assistant ? randomUUID() : undefined;
  const e = append(c, "user_message", { id, text, author: who.id, turn });
  broadcast(c, { type: "ack", id, seq: e.seq });
  c.title ||= text.slice(0, 80);
  if (!c.ticket && policies.assistant_tickets) {
    const t = openTicket(c, who, text);
    append(c, "ticket", { ticket_id: t.id, number: t.number, change: "opened" });
  }
  if (turn) run(c, turn, text, who.language);
}

async function run(c, turn, question, lang) {
  const wait = (ms) => new Promise((r) => setTimeout(r, ms));
  const state = { turn, attempt: 1, text: "", stopped: false };
  c.turn = state;
  const { steps, text, citations, fail } = answerFor(question, lang);
  for (const [i, s] of steps.entries()) {
    await wait(300);
    const call = randomUUID();
    append(c, "tool_call", { turn, call, step: i + 1, name: s.name, arguments: s.arguments });
    await wait(700);
    append(c, "tool_result", {
      turn,
      call,
      name: s.name,
      ok: true,
      content: s.content,
      citations: s.citations,
    });
  }
  for (const word of text.split(/(?<=\s)/)) {
    if (state.stopped) break;
    await wait(Number(process.env.MOCK_PACE ?? 28));
    const offset = Buffer.byteLength(state.text);
    state.text += word;
    broadcast(c, { type: "delta", turn, attempt: 1, offset, text: word });
  }
  c.turn = undefined;
  if (state.stopped) {
    if (state.text)
      append(c, "assistant_message", {
        turn,
        text: state.text,
        citations: [],
        model: "offline",
        offline: true,
      });
    append(c, "turn_ended", { turn, reason: "stopped" });
    return;
  }
  if (fail) return append(c, "turn_ended", { turn, reason: "failed", code: "model_unavailable" });
  append(c, "assistant_message", { turn, text, citations, model: "offline", offline: true });
  append(c, "turn_ended", { turn, reason: "answered" });
}

function setHandoff(c, state, by, reason) {
  c.handoff = state === "released" ? "none" : state;
  if (!c.ticket) openTicket(c, person(c.owner), c.title || reason || "…", "handoff");
  Object.assign(c.ticket, { handoff: c.handoff, updated_at: now() });
  append(c, "handoff", { state, by: by.id, name: isStaff(by) ? by.name : undefined, reason });
}

const problem = (status, code, params) => ({
  status,
  body: { type: "about:blank", title: code, status, code, params },
});
const ok = (body, status = 200) => ({ status, body });
const brief = ({ replies: _, ...t }) => t;
const summary = (c) => ({
  id: c.id,
  title: c.title,
  created_at: c.created_at,
  last_at: c.events.at(-1)?.at ?? c.created_at,
  handoff: c.handoff,
  ticket: c.ticket && { id: c.ticket.id, number: c.ticket.number, status: c.ticket.status },
});
const articleIn = (a, lang) => {
  const l = a.texts[lang] ? lang : "en";
  return {
    id: a.id,
    key: a.key,
    lang: l,
    ...a.texts[l],
    langs: Object.keys(a.texts),
    updated_at: "2026-10-12T09:00:00Z",
  };
};

const routes = [
  ["GET", /^\/session$/, ({ who, token }) => ok({ user: me(who), sessions: sessionList(token) })],
  [
    "GET",
    /^\/conversations$/,
    ({ who }) =>
      ok({
        items: [...conversations.values()]
          .filter((c) => c.owner === who.login && c.events.length)
          .map(summary)
          .reverse(),
        next: null,
      }),
  ],
  [
    "POST",
    /^\/conversations$/,
    ({ who, body }) => ok(summary(conversationOf(body.id ?? randomUUID(), who.login)), 201),
  ],
  [
    "GET",
    /^\/conversations\/([\w-]+)$/,
    ({ m }) =>
      conversations.has(m[1]) ? ok(summary(conversations.get(m[1]))) : problem(404, "not_found"),
  ],
  [
    "GET",
    /^\/conversations\/([\w-]+)\/events$/,
    ({ m, query }) => {
      const c = conversations.get(m[1]);
      if (!c) return problem(404, "not_found");
      const after = Number(query.get("after") ?? 0);
      return ok({
        events: c.events.slice(after, after + Number(query.get("limit") ?? 50)),
        last: c.events.length,
      });
    },
  ],
  [
    "POST",
    /^\/conversations\/([\w-]+)\/(handoff|take|release)$/,
    ({ m, who, body }) => {
      const state = { handoff: "requested", take: "taken", release: "released" }[m[2]];
      setHandoff(conversations.get(m[1]), state, who, body?.reason);
      return ok(undefined, 204);
    },
  ],
  [
    "POST",
    /^\/conversations\/([\w-]+)\/messages$/,
    ({ m, who, body }) => {
      append(conversations.get(m[1]), "staff_message", {
        text: body.text,
        author: who.id,
        name: who.name,
      });
      return ok(undefined, 204);
    },
  ],
  [
    "GET",
    /^\/tickets$/,
    ({ who, query }) => {
      const view = query.get("view");
      const items = [...tickets.values()]
        .filter((t) =>
          isStaff(who)
            ? view !== "handoff" || t.handoff !== "none"
            : t.requester.id === who.id || view === "company",
        )
        .filter((t) => (isStaff(who) && view === "mine" ? t.assignee?.id === who.id : true))
        .filter((t) => !query.get("status") || t.status === query.get("status"))
        .filter(
          (t) => !query.get("q") || t.subject.toLowerCase().includes(query.get("q").toLowerCase()),
        );
      return ok({
        items: items.map(brief).sort((a, b) => b.updated_at.localeCompare(a.updated_at)),
        next: null,
      });
    },
  ],
  [
    "POST",
    /^\/tickets$/,
    ({ who, body }) =>
      policies.manual_tickets
        ? ok(brief(openTicket(undefined, who, body.subject, "manual", body.description)), 201)
        : problem(403, "policy", { rule: "manual_tickets" }),
  ],
  [
    "GET",
    /^\/tickets\/([\w-]+)$/,
    ({ m }) => (tickets.has(m[1]) ? ok(tickets.get(m[1])) : problem(404, "not_found")),
  ],
  [
    "PATCH",
    /^\/tickets\/([\w-]+)$/,
    ({ m, body }) => {
      const t = tickets.get(m[1]);
      const a = people.find((p) => p.id === body.assignee_id);
      Object.assign(t, body, { updated_at: now() }, a && { assignee: { id: a.id, name: a.name } });
      return ok(brief(t));
    },
  ],
  [
    "POST",
    /^\/tickets\/([\w-]+)\/replies$/,
    ({ m, who, body }) => {
      const r = {
        id: randomUUID(),
        author: { id: who.id, name: who.name, staff: isStaff(who) },
        text: body.text,
        internal: Boolean(body.internal),
        at: now(),
      };
      tickets.get(m[1]).replies.push(r);
      return ok(r, 201);
    },
  ],
  [
    "GET",
    /^\/tickets\/([\w-]+)\/transcript$/,
    ({ m }) =>
      ok({
        events: conversations.get(tickets.get(m[1])?.conversation_id)?.events ?? [],
        verified: true,
      }),
  ],
  [
    "GET",
    /^\/articles$/,
    ({ query }) => {
      const q = (query.get("query") ?? "").toLowerCase();
      const items = articles
        .map((a) => articleIn(a, query.get("lang")))
        .filter((a) => !q || (a.title + a.html).toLowerCase().includes(q));
      return ok({ items: items.map(({ html: _, ...a }) => a), next: null });
    },
  ],
  [
    "GET",
    /^\/articles\/([\w-]+)$/,
    ({ m, query }) => {
      const a = articles.find((x) => x.id === m[1]);
      return a ? ok(articleIn(a, query.get("lang"))) : problem(404, "not_found");
    },
  ],
  [
    "PATCH",
    /^\/me$/,
    ({ who, body }) => {
      if (body.password && body.password.old !== `demo-${who.login}`)
        return problem(403, "bad_credentials");
      Object.assign(
        who,
        body.language && { language: body.language },
        body.name && { name: body.name },
      );
      return ok(me(who));
    },
  ],
  ["DELETE", /^\/sessions\/([\w-]+)$/, () => ok(undefined, 204)],
  ["GET", /^\/admin\/policies$/, () => ok(policies)],
  ["PATCH", /^\/admin\/policies$/, ({ body }) => ok(Object.assign(policies, body))],
  ["GET", /^\/admin\/users$/, () => ok({ items: people, next: null })],
  [
    "GET",
    /^\/admin\/articles$/,
    () => ok({ items: articles.map((a) => articleIn(a, "en")), next: null }),
  ],
  [
    "POST",
    /^\/admin\/articles\/import$/,
    () =>
      ok({
        created: 1,
        updated: 0,
        unchanged: 2,
        problems: [{ name: "vpn.md", code: "broken_front_matter", params: { line: 3 } }],
      }),
  ],
  [
    "DELETE",
    /^\/admin\/articles\/([\w-]+)$/,
    ({ m }) => {
      articles.splice(
        articles.findIndex((a) => a.id === m[1]),
        1,
      );
      return ok(undefined, 204);
    },
  ],
];

const sessionList = (current) =>
  [...sessions.entries()].map(([token], i) => ({
    id: `s${i}`,
    current: token === current,
    created_at: now(),
    last_seen_at: now(),
    user_agent: "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36",
    ip: "192.0.2.14",
  }));

const tokenOf = (req) => /conserje=([\w-]+)/.exec(req.headers.cookie ?? "")?.[1];

async function handle(req, res) {
  const url = new URL(req.url, "http://localhost");
  if (!url.pathname.startsWith("/api/v1/")) return serveFile(url.pathname, res);
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString();
  const body =
    req.headers["content-type"] === "application/json" && raw ? JSON.parse(raw) : undefined;
  const path = url.pathname.slice("/api/v1".length);
  const token = tokenOf(req);
  let answer;
  if (path === "/session" && req.method === "POST") {
    const p = people.find((x) => x.login === body.login || x.email === body.login);
    if (!p || body.password !== `demo-${p.login}`) answer = problem(401, "bad_credentials");
    else {
      const fresh = randomUUID();
      sessions.set(fresh, p.login);
      res.setHeader("Set-Cookie", `conserje=${fresh}; HttpOnly; SameSite=Lax; Path=/`);
      answer = ok({ user: me(p) });
    }
  } else if (!sessions.has(token))
    answer = problem(401, token ? "session_expired" : "unauthenticated");
  else if (path === "/session" && req.method === "DELETE") {
    sessions.delete(token);
    answer = ok(undefined, 204);
  } else {
    const who = person(sessions.get(token));
    const route = routes.find(([method, re]) => method === req.method && re.test(path));
    answer = route
      ? route[2]({ who, token, body, query: url.searchParams, m: route[1].exec(path) })
      : problem(404, "not_found");
  }
  res.writeHead(answer.status, {
    "Content-Type": answer.status < 400 ? "application/json" : "application/problem+json",
  });
  res.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

function serveFile(path, res) {
  if (!root) return res.writeHead(404).end();
  let file = join(root, normalize(path));
  if (!extname(file) || !existsSync(file)) file = join(root, "index.html");
  res.writeHead(200, {
    "Content-Type": types[extname(file)] ?? "application/octet-stream",
    "Content-Security-Policy": policy,
  });
  res.end(readFileSync(file));
}

const server = createServer(handle);
const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: 65536,
  handleProtocols: () => "conserje.v1",
});
server.on("upgrade", (req, socket, head) => {
  const login = sessions.get(tokenOf(req));
  if (!login) return socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
  sockets.handleUpgrade(req, socket, head, (ws) => serve(ws, person(login)));
});

function serve(ws, who) {
  let c;
  ws.on("error", () => {});
  ws.on("close", () => c?.sockets.delete(ws));
  ws.on("message", (data) => {
    const f = JSON.parse(data);
    if (f.type === "ping") return ws.send('{"type":"pong"}');
    if (f.type === "open") {
      c?.sockets.delete(ws);
      c = conversationOf(f.conversation, who.login);
      c.sockets.add(ws);
      ws.send(JSON.stringify({ type: "opened", conversation: c.id, last: c.events.length }));
      for (const e of c.events.slice(f.after)) ws.send(JSON.stringify({ type: "event", ...e }));
      if (c.turn)
        ws.send(
          JSON.stringify({
            type: "delta",
            turn: c.turn.turn,
            attempt: 1,
            offset: 0,
            text: c.turn.text,
          }),
        );
    } else if (f.type === "say") say(c, who, f);
    else if (f.type === "stop" && c.turn?.turn === f.turn) c.turn.stopped = true;
    else if (f.type === "rate")
      append(c, "rating", { rated: f.seq, rating: f.rating, reason: f.reason });
  });
}

for (const s of seedTickets) {
  const owner = person(s.requester);
  const t = openTicket(undefined, owner, s.subject, "manual", s.description);
  Object.assign(t, {
    status: s.status,
    updated_at: s.updated_at,
    created_at: s.updated_at,
    replies: s.replies ?? [],
  });
  if (s.assignee) t.assignee = { id: person(s.assignee).id, name: person(s.assignee).name };
}

server.listen(port, () => console.log(`mock on http://localhost:${port}`));
