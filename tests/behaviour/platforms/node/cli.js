import { auth } from "./auth.js";

const { EMAIL: email = "", PASSWORD: password = "" } = process.env;
const [, , command, url = ""] = process.argv;

switch (command) {
  case "login": {
    const outcome = await auth.signIn.withPassword({ email, password });
    console.log(outcome.kind === "refused" ? outcome.message : outcome.kind);
    process.exitCode = outcome.kind === "signed-in" ? 0 : 1;
    break;
  }
  case "whoami": {
    const { status, user } = await auth.ready();
    console.log(status, user?.email ?? "nobody");
    break;
  }
  case "get": {
    // Refreshes the session first where that is due; rejects where nobody is signed in.
    const response = await auth.fetch(url);
    console.log(response.status, await response.text());
    break;
  }
  case "logout": {
    const { kind } = await auth.signOut();
    console.log(kind); // not "done" in an outage: the session still lives then
    process.exitCode = kind === "done" ? 0 : 1;
    break;
  }
  default:
    console.log("login, whoami, get <url> or logout");
}
