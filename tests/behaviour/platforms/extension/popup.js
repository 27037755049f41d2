import { auth } from "./auth.js";

auth.subscribe(({ status, user }) => {
  document.querySelector("output").value = `${status} ${user?.email ?? "nobody"}`;
});

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  // In the service worker, which goes on when the popup closes.
  void chrome.runtime.sendMessage({ action: "sign-in", email, password });
});
document.querySelector("#sign-out").addEventListener("click", () => auth.signOut());
