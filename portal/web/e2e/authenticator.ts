import { createHmac } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** An authenticator app (RFC 6238): six digits every half minute. */
export class Authenticator {
  private last = 0;
  constructor(private readonly secret: string) {}

  /** A code not given before. A clock may be off by one step, so three can follow at once. */
  async next(): Promise<string> {
    const now = () => Math.floor(Date.now() / 30_000);
    this.last = Math.max(this.last + 1, now() - 1);
    while (now() + 1 < this.last) await new Promise((r) => setTimeout(r, 500));
    return this.at(this.last);
  }

  private at(step: number): string {
    let bits = "";
    for (const c of this.secret) bits += alphabet.indexOf(c).toString(2).padStart(5, "0");
    const key = Buffer.from(bits.match(/.{8}/g)?.map((b) => Number.parseInt(b, 2)) ?? []);
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const mac = createHmac("sha1", key).update(counter).digest();
    const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, "0");
  }
}
