import assert from "node:assert/strict";
import { createSessionCookies } from "../../../supabase/functions/_shared/http/cookies.ts";
import { judgeCookie } from "../../../tools/doctor/checks/cookie_attributes.ts";
import { parseSetCookie, readSessionCookies } from "../../../tools/doctor/set_cookie.ts";

const options = { domain: null, sameSite: "lax" } as const;
const plain = createSessionCookies({ ...options, secure: false });

Deno.test("the doctor takes cookies without Secure on plain HTTP of this machine, and fails on them on other hosts", () => {
  const complaintsAt = (url: string) =>
    plain.clear().flatMap((line) => judgeCookie(parseSetCookie(line), new URL(url)));
  for (const url of ["http://127.0.0.1:54321", "http://localhost:3000", "http://[::1]:1"]) {
    assert.deepEqual(complaintsAt(url), [], url);
  }
  const notLocal = [
    ...["https://app.example.com", "http://app.example.com", "http://192.168.0.7:54321"],
    ...["https://127.0.0.1:54321"],
  ];
  for (const url of notLocal) {
    const complaints = complaintsAt(url);
    assert.equal(complaints.length, 3, url);
    for (const complaint of complaints) assert.match(complaint, /SESSION_COOKIE_PREFIX/);
  }
});

Deno.test("the doctor knows the cookies by any of their names", () => {
  const all = [
    plain,
    ...["", "_shop"].flatMap((nameSuffix) => [
      createSessionCookies({ ...options, nameSuffix }),
      createSessionCookies({ ...options, domain: "example.com", nameSuffix }),
    ]),
  ];
  for (const cookies of all) {
    const found = readSessionCookies(cookies.clear());
    assert.deepEqual(Object.values(found).map(({ length }) => length), [1, 1, 1]);
  }
  const found = readSessionCookies(["session_accessory=1", "x_session_access=1"]);
  assert.deepEqual(found, { session_access: [], session_refresh: [], session_present: [] });
});
