import { readFile } from "node:fs/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { html, raw } from "hono/html";
import { proxy } from "hono/proxy";
import { readSession } from "@unified-auth/client/server";

const functionsUrl = process.env.FUNCTIONS_URL ?? "http://127.0.0.1:54321/functions/v1";
const client = await readFile(
  new URL("./node_modules/@unified-auth/client/dist/index.js", import.meta.url),
  "utf8",
);

const app = new Hono();

// The functions answer on the app's own origin, which makes their cookies first-party.
app.all("/functions/v1/*", (context) => {
  const { pathname, search } = new URL(context.req.url);
  return proxy(functionsUrl + pathname.slice("/functions/v1".length) + search, context.req);
});

app.get(
  "/client.js",
  (context) => context.body(client, 200, { "content-type": "text/javascript" }),
);

// Everything below is rendered for a visitor. One call a request, however many handlers ask.
app.use(async (context, next) => {
  const visit = await readSession(context.req.raw, { baseUrl: functionsUrl });
  context.set("visit", visit);
  await next();
  for (const [name, value] of Object.entries(visit.headers)) context.res.headers.set(name, value);
});

app.get("/account", (context) => {
  const { status, user } = context.get("visit");
  return status === "signed-out"
    ? context.redirect("/")
    : context.html(html`<output id="account">${user?.email ?? "nobody"}</output>`);
});

app.get("/api/me", (context) => {
  const { status, user } = context.get("visit");
  return context.json({ status, email: user?.email ?? null });
});

app.post("/save", (context) => {
  // Nothing may be written on the strength of a graced session.
  const { canMutate, user } = context.get("visit");
  return context.text(canMutate ? `saved for ${user.email}` : "refused");
});

app.get("/", (context) => {
  const { status, user, initial } = context.get("visit");
  // "<" could end the script: a user's own metadata is in there.
  const json = JSON.stringify(initial).replaceAll("<", "\\u003c");
  return context.html(html`
    <!doctype html>
    <html lang="en">
      <body>
        <output id="server">${`${status} ${user?.email ?? "nobody"}`}</output>
        <output id="client"></output>
        <form id="sign-in" method="post">
          <input name="email" type="email">
          <input name="password" type="password">
          <button disabled>Sign in</button>
        </form>
        <button id="sign-out" disabled>Sign out</button>
        <button id="save" disabled>Save</button>
        <output id="saved"></output>
        <script type="module">
              import { createAuthClient } from "/client.js";
              const auth = createAuthClient({
                baseUrl: "/functions/v1/unified-auth",
                initial: ${raw(json)},
              });
              const find = (id) => document.getElementById(id);
              auth.subscribe(({ status, user }) => {
                find("client").value = status + " " + (user?.email ?? "nobody");
              });
              find("sign-in").addEventListener("submit", async (event) => {
                event.preventDefault();
                const form = new FormData(event.target);
                await auth.signIn.withPassword({
                  email: form.get("email"),
                  password: form.get("password"),
                });
              });
              find("sign-out").addEventListener("click", () => auth.signOut());
              find("save").addEventListener("click", async () => {
                const response = await fetch("/save", { method: "POST" });
                find("saved").value = await response.text();
              });
              for (const button of document.querySelectorAll("button")) button.disabled = false;
            </script>
      </body>
    </html>
  `);
});

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });
