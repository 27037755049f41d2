/**
 * Starts a browser of an engine.
 *
 * @module
 */

import type { EngineBrowser, EngineName, EngineOptions } from "./engine.ts";
import { launchPuppeteerEngine } from "./puppeteer_engine.ts";
import { launchWebkit } from "./webkit_engine.ts";
import { launchKeptWebkit } from "./webkit_kept.ts";

export async function launchEngine(
  name: EngineName,
  options: EngineOptions = {},
): Promise<EngineBrowser> {
  switch (name) {
    case "chromium":
    case "firefox":
      return await launchPuppeteerEngine(name, options);
    case "webkit":
      return options.profileFolder === undefined
        ? await launchWebkit(options)
        : await launchKeptWebkit(options.profileFolder);
    default:
      return name satisfies never;
  }
}
