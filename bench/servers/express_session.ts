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

/** The application's data in a session. */
interface SignedIn extends session.Session {
  user?: { readonly name: string; readonly email: string };
}

const sessionOf = (request: Request): SignedIn => request.session;

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;

const { DATABASE_URL = "", PEER_SECRET = "", TOUCH, PORT } = Deno.env.toObject();
const Store = connectPgSimple(session);
const app = express();
app.set("trust proxy", 1);
app.use(session({
  store: new Store({
    pool: new pg.Pool({ connectionString: DATABASE_URL }),
    createTableIfMissing: true,
    disableTouch: TOUCH !== "true",
  }),
  secret: PEER_SECRET,
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: MONTH_MS, secure: true, httpOnly: true, sameSite: "lax" },
}));

app.post("/login", express.json(), (request: Request, response: Response) => {
  const { name, email } = request.body;
  sessionOf(request).user = { name, email };
  response.json({ valid: true, user: sessionOf(request).user });
});

app.get("/session", (request: Request, response: Response) => {
  const { user } = sessionOf(request);
  if (user) response.json({ valid: true, user });
  else response.status(401).json({ valid: false });
});

app.listen(Number(PORT), "127.0.0.1");
