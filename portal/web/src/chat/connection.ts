import ReconnectingSocket from "partysocket/ws";
import {
  type ClientFrame,
  closeMeaning,
  parseFrame,
  type ServerFrame,
  subprotocol,
} from "./protocol";

export type Status = "connecting" | "open" | "lost" | "ended";

interface Listener {
  frames(batch: ServerFrame[]): void;
  status(status: Status): void;
  /** The socket is up: send `open`. */
  up(): void;
  fault(code: string): void;
  expired(): void;
}

// One render per event froze long threads; a batch every 50 ms does not.
const batchEvery = 50;
const pingEvery = 25_000;
const pongWithin = 10_000;

/** One socket for one conversation: reconnects, keeps alive, hands over frames in batches. */
export class Connection {
  private socket: ReconnectingSocket;
  private queue: ServerFrame[] = [];
  private flushTimer = 0;
  private pingTimer = 0;
  private pongTimer = 0;
  private done = false;
  private wasOpen = false;
  private failures = 0; // attempts in a row that never came up

  constructor(
    private listener: Listener,
    private checkSession: () => Promise<boolean>,
  ) {
    const url = new URL("/api/v1/chat", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new ReconnectingSocket(url.href, subprotocol, {
      maxEnqueuedMessages: 0, // what is unsent lives in the outbox, and goes again after `opened`
      minReconnectionDelay: 400 + Math.random() * 600,
      maxReconnectionDelay: 15_000,
      reconnectionDelayGrowFactor: 1.6,
      connectionTimeout: 8000,
      shouldReconnectOnClose: (e: { code: number }) => this.retryAfter(e.code),
    });
    this.socket.addEventListener("open", () => {
      this.wasOpen = true;
      listener.status("open");
      this.keepAlive();
      listener.up();
    });
    this.socket.addEventListener("close", (e) => this.closed(e.code));
    this.socket.addEventListener("message", (e: MessageEvent) => this.receive(e.data));
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
  }

  /** Sends at once or not at all; returns whether it went out. */
  send(frame: ClientFrame): boolean {
    if (this.done || this.socket.readyState !== ReconnectingSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  close() {
    this.done = true;
    this.flush();
    this.stopTimers();
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.socket.close(1000);
  }

  private receive(data: unknown) {
    const frame = parseFrame(data);
    if (!frame) return;
    window.clearTimeout(this.pongTimer);
    this.pongTimer = 0;
    if (frame.type === "pong") return;
    if (frame.type === "reconnect") {
      window.setTimeout(() => !this.done && this.socket.reconnect(4000), frame.in_ms);
      return;
    }
    this.queue.push(frame);
    this.flushTimer ||= window.setTimeout(() => this.flush(), batchEvery);
  }

  private flush() {
    window.clearTimeout(this.flushTimer);
    this.flushTimer = 0;
    const batch = this.queue;
    this.queue = [];
    if (batch.length > 0) this.listener.frames(batch);
  }

  private retryAfter(code: number): boolean {
    const meaning = closeMeaning(code);
    return meaning === "resume" || (meaning !== "session" && meaning.retry);
  }

  private closed(code: number) {
    this.flush();
    this.stopTimers();
    if (this.done) return;
    const meaning = closeMeaning(code);
    if (meaning === "session") {
      this.listener.status("ended");
      this.listener.expired();
      return;
    }
    if (meaning !== "resume") {
      this.listener.fault(meaning.code);
      if (!meaning.retry) {
        this.listener.status("ended");
        return;
      }
    }
    this.listener.status("lost");
    // A refused upgrade looks like any lost line from here: ask now and then whether we are still logged in.
    this.failures = this.wasOpen ? 0 : this.failures + 1;
    this.wasOpen = false;
    if (this.failures % 5 === 1) void this.checkSession().then((ok) => !ok && this.close());
  }

  private keepAlive() {
    this.stopTimers();
    this.pingTimer = window.setInterval(() => this.ping(), pingEvery);
  }

  private ping() {
    if (!this.send({ type: "ping" }) || this.pongTimer) return;
    this.pongTimer = window.setTimeout(() => {
      this.pongTimer = 0;
      if (!this.done) this.socket.reconnect(4000);
    }, pongWithin);
  }

  // After sleep or a change of network the socket may be dead and not know it.
  private wake = () => {
    if (this.done || document.visibilityState === "hidden") return;
    if (this.socket.readyState === ReconnectingSocket.OPEN) this.ping();
    else if (this.socket.readyState === ReconnectingSocket.CLOSED) this.socket.reconnect();
  };

  private stopTimers() {
    window.clearInterval(this.pingTimer);
    window.clearTimeout(this.pongTimer);
    this.pongTimer = 0;
  }
}
