// Around the app in the Hermes virtual machine, which has no network: a server of two answers.
const view = {
  valid: true,
  refreshed: false,
  user: { id: "ada", email: "ada@example.com" },
  session: {
    id: "s",
    generation: 1,
    access_token_expires_in: 3600,
    refresh_token_expires_in: 2592000,
  },
};
let isSignedIn = false;

// The virtual machine's own timers know no delays: time here goes on when nothing else is left to do.
const nextTurn = setTimeout;
let now = Date.now();
let timers = [];
Date.now = () => now;
globalThis.performance = { now: () => now };
globalThis.clearTimeout = (id) => {
  timers = timers.filter((timer) => timer.id !== id);
};
globalThis.setTimeout = (fire, delayMs = 0) => {
  const timer = { id: {}, fire, at: now + delayMs };
  timers.push(timer);
  nextTurn(elapse);
  return timer.id;
};
function elapse() {
  const [next] = timers.sort((one, other) => one.at - other.at);
  if (!next) return;
  now = Math.max(now, next.at);
  clearTimeout(next.id);
  next.fire();
}

globalThis.queueMicrotask = (task) => void Promise.resolve().then(task);
globalThis.console = { error: print, warn: print, log: print };
globalThis.sendNative = ({ url }, respond) => {
  if (/\/log(in|out)$/.test(url)) isSignedIn = url.endsWith("in");
  const body = url.endsWith("/logout")
    ? { signed_out: true }
    : isSignedIn
    ? view
    : { code: "refresh_token_missing" };
  const status = isSignedIn || body.signed_out ? 200 : 401;
  setTimeout(() => respond({ status, headers: {}, base64: encode(JSON.stringify(body)) }), 1);
};
globalThis.scenario = async ({ auth }) => {
  print((await auth.ready()).status);
  const { kind } = await auth.signIn.withPassword({ email: "ada@example.com", password: "p" });
  print(kind, auth.user.email);
  const response = await auth.fetch("https://api.test/", { method: "POST", body: "x" });
  print(response.status);
  await auth.signOut();
  print(auth.status);
  auth.dispose();
};

function encode(ascii) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let text = "";
  for (let at = 0; at < ascii.length; at += 3) {
    const [one, two, three] = [0, 1, 2].map((offset) => ascii.charCodeAt(at + offset));
    text += letters[one >> 2] + letters[(one & 3) << 4 | two >> 4];
    text += isNaN(two) ? "=" : letters[(two & 15) << 2 | three >> 6];
    text += isNaN(three) ? "=" : letters[three & 63];
  }
  return text;
}
