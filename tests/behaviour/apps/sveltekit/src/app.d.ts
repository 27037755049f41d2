import type { Visit } from "@unified-auth/client/server";

declare global {
  namespace App {
    interface Locals {
      visit: Visit;
    }
  }
}
