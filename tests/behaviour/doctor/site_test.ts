import assert from "node:assert/strict";
import { relate } from "../../../tools/doctor/site.ts";

Deno.test("a site is a scheme and a registrable domain, by the private part of the public suffix list too", () => {
  for (
    const [origin, other, relation] of [
      ["https://app.example.com", "https://app.example.com", "same_origin"],
      ["https://app.example.com", "https://api.example.com", "same_site"],
      ["https://app.example.com", "https://example.com:8443", "same_site"],
      ["https://app.example.co.uk", "https://api.example.co.uk", "same_site"],
      ["https://app.example.com", "http://api.example.com", "cross_site"],
      ["https://one.co.uk", "https://two.co.uk", "cross_site"],
      ["https://app.example.com", "https://abc.supabase.co", "cross_site"],
      ["https://abc.supabase.co", "https://def.supabase.co", "cross_site"],
      ["https://one.vercel.app", "https://two.vercel.app", "cross_site"],
      ["http://127.0.0.1:3000", "http://127.0.0.1:54321", "same_site"],
      ["http://localhost:3000", "http://127.0.0.1:54321", "cross_site"],
      ["http://localhost:3000", "http://localhost:54321", "same_site"],
    ] as const
  ) {
    assert.equal(relate(origin, other), relation, `${origin} ${other}`);
    assert.equal(relate(other, origin), relation, `${other} ${origin}`);
  }
});
