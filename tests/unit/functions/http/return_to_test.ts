import assert from "node:assert/strict";
import {
  readReturnTo,
  withAuthError,
} from "../../../../supabase/functions/_shared/http/return_to.ts";

const APP = "https://app.example.com";
const options = { allowedOrigins: [APP], ownOrigin: "https://project.supabase.co" };

Deno.test("the parameters of an earlier sign-in are no part of the place to return to", () => {
  const cases: readonly (readonly [returnTo: string, place: string])[] = [
    ["/p?auth_error=access_denied", "/p"],
    ["/p?auth_step=password_required&tab=2#part", "/p?tab=2#part"],
    ["/p?tab=a%20b&auth_error=x&auth_error=y&auth_step", "/p?tab=a%20b"],
    ["/p?my_auth_error=x", "/p?my_auth_error=x"],
  ];
  for (const [returnTo, place] of cases) {
    assert.equal(readReturnTo(returnTo, options), `${APP}${place}`);
  }
});

Deno.test("an error is added to the place as it is", () => {
  const place = readReturnTo("/p?auth_error=access_denied&tab=a%20b&flag#part", options) ?? "";
  const withError = withAuthError(place, "oauth_failed");
  assert.equal(withError, `${APP}/p?tab=a%20b&flag&auth_error=oauth_failed#part`);
});
