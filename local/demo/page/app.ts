/**
 * The demo: a small app on a session that scenarios can be played on. Wires the panels
 * to the client and renders them when it changes.
 *
 * @module
 */

import { createAuthenticatorPanel } from "./authenticator_panel.ts";
import { createBannerPanel } from "./banner_panel.ts";
import { listScenarios } from "./scenarios.ts";
import { createScenariosPanel } from "./scenarios_panel.ts";
import { openClient } from "./demo_session.ts";
import { createDevicesPanel } from "./devices_panel.ts";
import { find, say } from "./dom.ts";
import { describeEvent, LOGGED } from "./event_words.ts";
import { createFactorPanel } from "./factor_panel.ts";
import { createInboxPanel } from "./inbox_panel.ts";
import { createLogPanel } from "./log_panel.ts";
import { createLogbookPanel } from "./logbook_panel.ts";
import { readPageHost } from "./page_host.ts";
import { createPasskeyPanel } from "./passkey_panel.ts";
import { createPasswordPanel } from "./password_panel.ts";
import { createSessionPanel } from "./session_panel.ts";
import { createSignInPanel } from "./sign_in_panel.ts";
import { createSignInSteps } from "./sign_in_steps.ts";
import { createDemoEnvironment } from "./demo_environment.ts";

const demo = createDemoEnvironment();
const auth = openClient(demo);
const log = createLogPanel();
const panel = createSessionPanel();
const banner = createBannerPanel(auth);
const logbook = createLogbookPanel(auth);
const devices = createDevicesPanel(
  auth,
  (what) => log.add("devices", { tone: "plain", what, detail: "" }),
);
const scenarios = createScenariosPanel(listScenarios(auth, demo, () => logbook.load()), {
  isSignedIn: () => auth.status === "active",
  onDone: () => void devices.load(),
});
const inbox = createInboxPanel();
const steps = createSignInSteps(auth, () => render());
const host = readPageHost();
createSignInPanel(auth, steps, host);
const authenticator = createAuthenticatorPanel();
const account = [
  createPasswordPanel(auth, steps, () => void devices.load()),
  createFactorPanel(auth, steps, () => void authenticator.load()),
  createPasskeyPanel(auth, steps, host),
];

const form = find("sign-in", HTMLFormElement);
const restoring = find("restoring", HTMLDivElement);
const dashboard = find("dashboard", HTMLDivElement);
const who = find("who", HTMLElement);
const signOut = find("sign-out", HTMLButtonElement);
const whoLabel = find("who-label", HTMLElement);
let presentedFor: string | null = null;
let isLoaded = false;

function render(): void {
  const snapshot = auth.getSnapshot();
  const { status, user } = snapshot;
  const userId = user?.id ?? null;
  if (userId !== presentedFor) {
    presentedFor = userId;
    isLoaded = false;
    logbook.empty();
    devices.empty();
    for (const panel of account) panel.empty();
  }
  const isRestoring = status === "unknown" || status === "restoring";
  restoring.hidden = !isRestoring || user !== null;
  form.hidden = steps.isOpen || !(status === "signed-out" || status === "ended");
  dashboard.hidden = user === null;
  signOut.hidden = status === "ended";
  say(whoLabel, status === "ended" ? "Last signed in as" : "Signed in as");
  say(who, user?.email ?? user?.id ?? "");
  panel.render(snapshot, demo.environment.now().date);
  banner.render(snapshot);
  logbook.render(snapshot);
  scenarios.enable(status === "active");
  if (status === "active" && user !== null && !isLoaded) {
    isLoaded = true;
    void logbook.load();
    void devices.load();
  }
}

for (const name of LOGGED) {
  auth.on(name, (detail) => log.add(name, describeEvent(name, detail)));
}
auth.on("session-refreshed", ({ source }) => panel.tellSource(source));
auth.on("signed-in", () => {
  steps.close(); // also of a sign-in in another tab
  void devices.load();
});
auth.subscribe(render);
setInterval(() => {
  render();
  if (steps.isOpen) void inbox.load();
  authenticator.render();
}, 1_000);
void inbox.load();
void authenticator.load();
