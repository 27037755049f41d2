const listeners = new Set();

// A stand-in for the native module: the test says how the network is.
globalThis.setConnected = (isConnected) => {
  for (const listener of listeners) listener({ isConnected });
};

export default {
  addEventListener(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
