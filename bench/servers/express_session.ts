/**
 * express-session with connect-pg-simple as their documentation sets them up for production: a `pg`
 * pool, nothing saved that did not change, secure cookies behind a proxy. The check answers the user
 * that the session holds.
 *
 * @module
 */

// @ts-types="@types/connect-pg-simple"
import connectPgSimple from "connect-pg-simple";
// @ts-types="@types/express"
import express, { type Request, type Response } from "express";
// @ts-types="@types/express-session"
import session from "express-session";
// @ts-types="@types/pg"
import pg from "pg";

declare module "express-session" {
  /** The application's. */
  interface SessionData {
    user: { readonly name: string; readonly email: string };
  }
}

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;

const { SUPABASE_DB_URL = "", TOUCH, PORT } = Deno.env.toObject();
const Store = connectPgSimple(session);
const app = express();
app.set("trust proxy", 1);
app.use(session({
  store: new Store({
    pool: new pg.Pool({ connectionString: SUPABASE_DB_URL }),
    createTableIfMissing: true,
    disableTouch: TOUCH !== "true",
  }),
  secret: "a secret of the benchmark, which is long enough",
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: MONTH_MS, secure: true, httpOnly: true, sameSite: "lax" },
}));

app.post("/login", express.json(), (request: Request, response: Response) => {
  const { name, email } = request.body;
  request.session.user = { name, email };
  response.json({ valid: true, user: request.session.user });
});

app.get("/session", (request: Request, response: Response) => {
  const { user } = request.session;
  if (user) response.json({ valid: true, user });
  else response.status(401).json({ valid: false });
});

app.listen(Number(PORT), "127.0.0.1");
