import { auth } from "./auth.js";

// From now on it hears of what happens in the popup, and the popup of what happens here.
auth.start();

// Chromium ends an idle service worker after 30 seconds: the next message meets a new client, which asks.
chrome.runtime.onMessage.addListener((message, _, answer) => {
  void perform(message).then(answer);
  return true;
});

async function perform({ action, email, password }) {
  switch (action) {
    case "sign-in":
      return await auth.signIn.withPassword({ email, password });
    case "who": {
      const { status, user } = await auth.ready();
      return `${status} ${user?.email ?? "nobody"}`;
    }
  }
}
