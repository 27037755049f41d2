/**
 * The faults of a soak: the network at each joint, the processes of the functions, the database,
 * a deploy that changes secrets, a purge in the middle of it all. One thing at a time in the network
 * and one among the machines, until the soak ends; then everything is well again.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import type { FunctionProcess } from "../../local/platform/function_processes.ts";
import { type Chance, pick } from "../../tests/harness/chance.ts";
import type { NetworkFault } from "../../tests/harness/faulty_proxy.ts";
import {
  newSessionSecret,
  sessionSecretOf,
} from "../../tests/behaviour/http/instance_with_secrets.ts";
import { chanceOf } from "./actor.ts";
import type { Stage } from "./stage.ts";

const JOINTS = ["browsers", "project", "database"] as const;

/** Only these may come twice: PostgreSQL's protocol cannot, and a login that does is two sessions. */
const MAY_COME_TWICE = /\/unified-auth\/(?:refresh|validate)|\/rpc\/(?:rotate|validate)_session/;

/** Makes the network fail at one joint after the other. */
export async function disturbNetwork(stage: Stage): Promise<void> {
  const { network, ledger } = stage;
  const chance = chanceOf(stage, "network");
  while (!stage.hasEnded()) {
    await delay(200 + chance() * 1_500);
    const joint = pick(chance, JOINTS);
    const [kind, fault] = drawFault(chance, joint);
    const proxy = network[joint];
    const before = proxy.met;
    proxy.setFault(fault);
    await delay(200 + chance() * 600);
    proxy.setFault(null);
    ledger.count("faults", `${kind}, ${WHERE[joint]}`, proxy.met - before);
  }
}

const WHERE = {
  browsers: "browser to gateway",
  project: "functions to data API and Auth",
  database: "data API and Auth to PostgreSQL",
} as const;

function drawFault(chance: Chance, joint: keyof typeof WHERE): readonly [string, NetworkFault] {
  const faults: (readonly [string, NetworkFault])[] = [
    ["request dropped", { kind: "drop" }],
    ["reply cut off", { kind: "truncate", bytes: Math.floor(chance() * 1_200) }],
    ["reply delayed", { kind: "delay", milliseconds: 50 + Math.floor(chance() * 500) }],
  ];
  if (joint !== "database") {
    faults.push(["request delivered twice", { kind: "duplicate", when: MAY_COME_TWICE }]);
  }
  return pick(chance, faults);
}

/** Ends, restarts and freezes processes. */
export async function disturbMachines(stage: Stage): Promise<void> {
  const { ledger } = stage;
  const chance = chanceOf(stage, "machines");
  const changeSecrets = secretChanges(stage);
  while (!stage.hasEnded()) {
    await delay(500 + chance() * 2_000);
    const [kind, disturb] = pick(chance, Object.entries(DISTURBANCES));
    await disturb(stage, chance);
    ledger.count("faults", kind);
    if (chance() < 0.15 && await changeSecrets()) {
      ledger.count("faults", "deploy of changed secrets");
    }
  }
}

type Disturbance = (stage: Stage, chance: Chance) => Promise<void>;

const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  "function stopped and started": async (stage, chance) => {
    await pick(chance, instancesOf(stage)).restart();
  },
  "function killed and started": async (stage, chance) => {
    const instance = pick(chance, instancesOf(stage));
    await instance.kill();
    await delay(chance() * 500);
    await instance.restart();
  },
  "PostgreSQL killed and started": async ({ network }, chance) => {
    await network.server.kill();
    await delay(chance() * 500);
    await network.server.start();
  },
  "PostgreSQL stopped and started": async ({ network }) => {
    await network.server.stop();
    await network.server.start();
  },
  "PostgreSQL frozen for a second": async ({ network }) => {
    await network.server.pause();
    await delay(1_000);
    network.server.resume();
  },
  "purge": async (stage) => {
    await stage.query((sql) => sql`select * from public.purge_sessions()`);
  },
};

function instancesOf({ network }: Stage): readonly FunctionProcess[] {
  return Object.values(network.stack.functions).flat();
}

const MAX_SECRETS = 3;

/** Each call is one more step: a fresh secret appended everywhere, then put first everywhere. */
function secretChanges(stage: Stage): () => Promise<boolean> {
  let secrets = [sessionSecretOf(stage.network.stack)];
  let appended: string | null = null;
  return async function takeStep() {
    if (appended === null && secrets.length === MAX_SECRETS) return false;
    const fresh = appended ?? await newSessionSecret();
    secrets = appended === null
      ? [...secrets, fresh]
      : [fresh, ...secrets.filter((secret) => secret !== fresh)];
    appended = appended === null ? fresh : null;
    for (const instance of instancesOf(stage)) {
      await instance.restart({ SESSION_SECRET: secrets.join(",") });
    }
    return true;
  };
}
