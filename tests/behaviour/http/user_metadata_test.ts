import assert from "node:assert/strict";
import { viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

Deno.test("user_metadata that no answer should carry is left out of every answer, which says so", async () => {
  const { person, browser, view } = await fixture.signIn();
  assert.equal(view.user.user_metadata_omitted, undefined);
  await fixture.sql`
    update auth.users as u
    set raw_user_meta_data = jsonb_build_object('avatar', repeat('A', 1024 * 1024))
    where u.id = ${person.id}`;
  const again = await fixture.openBrowser().login(person);
  for (const each of [again, viewOf(await browser.validate()), viewOf(await browser.refresh())]) {
    assert.deepEqual(each.user.user_metadata, {});
    assert.equal(each.user.user_metadata_omitted, true);
  }
});
