/**
 * The user's devices: which sessions are live, and a button to end each of the others.
 *
 * @module
 */

import type { AuthClient, SessionEntry } from "../../../client/src/index.ts";
import { clockTime } from "./clock_time.ts";
import { find, make } from "./dom.ts";

export interface DevicesPanel {
  load(): Promise<void>;
  /** For another user: nothing of the one before stays, and no answer to them comes late. */
  empty(): void;
}

export function createDevicesPanel(
  auth: AuthClient,
  log: (text: string) => void,
): DevicesPanel {
  const list = find("devices", HTMLUListElement);

  /** Counts the users whose devices are shown. */
  let turn = 0;

  const load = async (): Promise<void> => {
    const mine = turn;
    list.ariaBusy = "true";
    const outcome = await auth.devices.list();
    if (mine !== turn) return;
    if (outcome.kind === "listed") list.replaceChildren(...outcome.devices.map(show));
    list.ariaBusy = "false";
  };

  const show = (device: SessionEntry): HTMLLIElement => {
    const name = device.deviceName ?? device.device ?? "A browser";
    const about = make(
      "div",
      {},
      make("span", {}, name),
      make("small", {}, `active ${clockTime(new Date(device.lastActiveAt))}`),
    );
    if (device.current) {
      return make("li", {}, about, make("span", { className: "badge" }, "this one"));
    }
    const button = make("button", { type: "button" }, "Sign out there");
    button.setAttribute("aria-label", `Sign out there: ${name}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      const { kind } = await auth.devices.end(device.id);
      log(kind === "done" ? `${name} was signed out` : `${name} could not be signed out`);
      await load();
    });
    return make("li", {}, about, button);
  };

  return {
    load,
    empty() {
      turn++;
      list.replaceChildren();
      list.ariaBusy = "false";
    },
  };
}
