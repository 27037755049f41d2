import assert from "node:assert/strict";
import { readReturned, returnAddress } from "../../../client/src/sign_in/oauth.ts";

const PAGE = "https://app.example.com/deep/page?tab=2#part";

Deno.test("a sign-in comes back to the very page, or to where the app says from there", () => {
  const page = new URL(PAGE);
  const cases: readonly (readonly [returnTo: string | undefined, address: string])[] = [
    [undefined, PAGE],
    ["/welcome", "https://app.example.com/welcome"],
    ["other?a=b%20c", "https://app.example.com/deep/other?a=b%20c"],
    ["https://shop.example.com/", "https://shop.example.com/"],
  ];
  for (const [returnTo, address] of cases) assert.equal(returnAddress(page, returnTo), address);
});

Deno.test("a page's address goes out in a form that the functions take", () => {
  const origin = "https://app.example.com";
  const long = "x".repeat(2_000);
  const cases: readonly (readonly [href: string, address: string])[] = [
    [`${origin}/#C:\\Users`, `${origin}/#C:%5CUsers`],
    [`${origin}/?path=C:\\Users`, `${origin}/?path=C:%5CUsers`],
    [`${origin}/suche?q=größe #oben`, `${origin}/suche?q=gr%C3%B6%C3%9Fe%20#oben`],
    [`${origin}/page?tab=2#${long}`, `${origin}/page?tab=2`],
    [`${origin}/page?q=${long}#part`, `${origin}/page`],
    [`${origin}/${long}?tab=2`, `${origin}/`],
  ];
  for (const [href, address] of cases) {
    assert.equal(returnAddress(new URL(href), undefined), address);
  }
});

Deno.test("an address that the app names is not shortened: one that is too long is an error", () => {
  const page = new URL(PAGE);
  const named = (length: number) => `https://app.example.com/${"x".repeat(length - 24)}`;
  assert.equal(returnAddress(page, named(2_000)), named(2_000));
  assert.throws(() => returnAddress(page, named(2_001)), RangeError);
  assert.throws(() => returnAddress(page, `/page#${"x".repeat(2_000)}`), RangeError);
  assert.throws(() => returnAddress(null, named(2_001)), RangeError);
});

Deno.test("a page that is not of the web is no place to come back to", () => {
  for (const href of ["chrome-extension://abc/popup.html", "file:///index.html", "about:blank"]) {
    assert.equal(returnAddress(new URL(href), undefined), undefined);
    assert.equal(returnAddress(new URL(href), "/welcome"), "/welcome");
  }
  assert.equal(returnAddress(null, undefined), undefined);
});

Deno.test("the sign-in's parameters are taken out of the address, and nothing else changes in it", () => {
  const page = new URL("https://app.example.com/p?a=b%20c&auth_step=password_required&flag#part");
  const returned = readReturned(page);
  assert.deepEqual([returned?.name, returned?.value], ["step", "password_required"]);
  assert.equal(returned?.address.href, "https://app.example.com/p?a=b%20c&flag#part");
});

Deno.test("only the codes of the functions count as what came back", () => {
  const texts = ["", "Your+account+is+locked,+call+us", "%3Cb%3E", "x".repeat(65), "a=b"];
  for (const text of texts) {
    assert.equal(readReturned(new URL(`https://app.example.com/?auth_error=${text}`)), null, text);
  }
  assert.equal(readReturned(new URL("https://app.example.com/?my_auth_error=denied")), null);
  assert.equal(readReturned(null), null);
});
