// The native half of React Native: what it gives to JavaScript on a phone. `sendNative` is its network.
{
  let requests = 0;
  globalThis.nativeModuleProxy = {
    PlatformConstants: { getConstants: () => ({ reactNativeVersion: {} }) },
    AppState: {
      getConstants: () => ({ initialAppState: "active" }),
      getCurrentAppState: (answer) => answer({ app_state: "active" }),
      addListener() {},
      removeListeners() {},
    },
    Networking: {
      addListener() {},
      removeListeners() {},
      abortRequest() {},
      sendRequest(query, created) {
        const id = ++requests;
        created(id);
        globalThis.sendNative(query, (answer) => {
          if (answer === null) {
            const words = "The Internet connection appears to be offline.";
            globalThis.emitNative("didCompleteNetworkResponse", [id, words, false]);
            return;
          }
          const { status, headers, base64 } = answer;
          globalThis.emitNative("didReceiveNetworkResponse", [id, status, headers, query.url]);
          globalThis.emitNative("didReceiveNetworkData", [id, base64]);
          globalThis.emitNative("didCompleteNetworkResponse", [id, "", false]);
        });
      },
    },
  };
}
