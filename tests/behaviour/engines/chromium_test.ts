import { testEngine } from "./engine_scenarios.ts";

await testEngine("chromium");
