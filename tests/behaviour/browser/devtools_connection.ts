/**
 * One WebSocket to a browser's DevTools: commands with their answers, for the browser or for one of
 * its tabs.
 *
 * @module
 */

export interface DevToolsConnection {
  /** Rejects with the browser's message if it refuses. */
  send<Answer>(
    method: string,
    params?: Readonly<Record<string, unknown>>,
    sessionId?: string,
  ): Promise<Answer>;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export async function connectDevTools(endpoint: string): Promise<DevToolsConnection> {
  const socket = new WebSocket(endpoint);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;

  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as Message;
    const answer = waiting.get(id ?? 0);
    if (id === undefined || answer === undefined) return;
    waiting.delete(id);
    if (error) answer.reject(new Error(error.message));
    else answer.resolve(result);
  };
  socket.onclose = () => {
    for (const answer of waiting.values()) answer.reject(new Error("The browser has gone"));
    waiting.clear();
  };

  return {
    send<Answer>(
      method: string,
      params: Readonly<Record<string, unknown>> = {},
      sessionId?: string,
    ): Promise<Answer> {
      const id = ++lastId;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
      return answer.promise as Promise<Answer>;
    },
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      await closed;
    },
  };
}
