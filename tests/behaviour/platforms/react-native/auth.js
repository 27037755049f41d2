import NetInfo from "@react-native-community/netinfo";
import { AppState } from "react-native";
import { createAuthClient } from "@unified-auth/client";

export const auth = createAuthClient({
  baseUrl: "http://127.0.0.1:54321/functions/v1/unified-auth",
});
auth.start();

// There is no page whose events say that somebody is back.
AppState.addEventListener("change", (state) => {
  if (state === "active") void auth.check("resume");
});
NetInfo.addEventListener(({ isConnected }) => {
  if (isConnected) void auth.check("online");
});
