import { QueryClient } from "@tanstack/query-core";
import { type AuthClient, SessionEndedError } from "@unified-auth/client";

export function createQueryClient(auth: AuthClient): QueryClient {
  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // Signing in again helps, trying again does not.
        retry: (failures, error) => !(error instanceof SessionEndedError) && failures < 3,
      },
    },
  });
  const forget = () => {
    queryClient.getMutationCache().clear();
    // Not clear(), which leaves on the screen what is there.
    void queryClient.resetQueries();
  };
  auth.on("user-changed", forget);
  auth.on("signed-out", forget);
  auth.on("signed-in", () => {
    void queryClient.refetchQueries({ predicate: ({ state }) => state.status === "error" });
  });
  return queryClient;
}

/** For a route's guard: waits for the server's first answer, and asks no second time. */
export async function mayEnter(auth: AuthClient): Promise<boolean> {
  const { status } = await auth.ready();
  return status !== "signed-out" && status !== "ended"; // an outage leads nobody away
}
