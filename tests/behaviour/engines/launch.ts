/**
 * Starts a browser of an engine.
 *
 * @module
 */

import type { EngineBrowser, EngineName, EngineOptions } from "./engine.ts";
import { launchPuppeteerEngine } from "./puppeteer_engine.ts";
import { launchWebkit } from "./webkit_engine.ts";

export async function launchEngine(
  name: EngineName,
  options: EngineOptions = {},
): Promise<EngineBrowser> {
  switch (name) {
    case "chromium":
    case "firefox":
      return await launchPuppeteerEngine(name, options);
    case "webkit":
      return await launchWebkit(options);
    default:
      return name satisfies never;
  }
}
