import { testApp } from "./app_scenarios.ts";

testApp("sveltekit");
