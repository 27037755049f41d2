/**
 * Faults of a browser's key store that no driver can bring about: a script that runs before the page's
 * own, and lets the browser's real IndexedDB or WebCrypto fail while `fault` names a fault.
 *
 * @module
 */

/** Each is carried out by the script below. */
export type KeyFault =
  | "the store never opens"
  | "the store opens when it is too late"
  | "the store cannot be opened, as on a full disk"
  | "opening the store throws"
  | "reading never answers"
  | "reading throws"
  | "reading gives null"
  | "signing fails"
  | "storing throws"
  | "what was stored comes back as null";

/** Defines `fault`, null at first, and `letGo()`, which opens what was held. */
export const FAULTY_STORE = `
  globalThis.fault = null;
  const held = [];
  globalThis.letGo = () => { for (const go of held.splice(0)) go(); };
  const replace = (prototype, name, act) => {
    const real = prototype[name];
    prototype[name] = function (...given) { return act.call(this, () => real.apply(this, given)); };
  };
  replace(IDBFactory.prototype, "open", (open) => {
    if (fault === "opening the store throws") throw new DOMException("Blocked", "SecurityError");
    if (fault === "the store cannot be opened, as on a full disk") {
      const refused = { error: new DOMException("No space", "UnknownError") };
      setTimeout(() => refused.onerror());
      return refused;
    }
    const request = open();
    if (!/^the store (never opens|opens when it is too late)$/.test(fault)) return request;
    Object.defineProperty(request, "onsuccess", {
      set(listener) { request.addEventListener("success", () => held.push(() => listener({}))); },
    });
    return request;
  });
  replace(IDBObjectStore.prototype, "get", function (get) {
    if (fault === "reading throws") throw new DOMException("Not now", "UnknownError");
    const request = get();
    if (fault === "reading never answers") {
      // A transaction lives for as long as it is used.
      const spin = () => { if (fault !== null) this.get("nothing").onsuccess = spin; };
      request.onsuccess = spin;
      return {};
    }
    const givesNull = fault === "reading gives null" ||
      fault === "what was stored comes back as null";
    if (givesNull) {
      const result = Object.getOwnPropertyDescriptor(IDBRequest.prototype, "result");
      const isAlways = fault === "reading gives null";
      Object.defineProperty(request, "result", {
        get: () => isAlways || result.get.call(request) !== undefined ? null : undefined,
      });
    }
    return request;
  });
  replace(IDBObjectStore.prototype, "put", (put) => {
    if (fault === "storing throws") throw new DOMException("Not a key", "DataCloneError");
    return put();
  });
  replace(SubtleCrypto.prototype, "sign", (sign) =>
    fault === "signing fails" ? Promise.reject(new DOMException("", "OperationError")) : sign());
`;
