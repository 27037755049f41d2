"use client";

import { type FormEvent, useEffect, useState } from "react";
import type { InitialSession } from "@unified-auth/client";
import { auth, AuthProvider, useAuth } from "../auth";
import { save } from "./actions";

export function Panel({ initial }: { initial: InitialSession }) {
  return (
    <AuthProvider initial={initial}>
      <Session />
    </AuthProvider>
  );
}

function Session() {
  const { status, email } = useAuth(({ status, user }) => ({ status, email: user?.email }));
  const [saved, setSaved] = useState("");
  const [isHydrated, setHydrated] = useState(false);
  useEffect(() => setHydrated(true), []);
  const signIn = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    await auth.signIn.withPassword({
      email: String(form.get("email")),
      password: String(form.get("password")),
    });
  };
  return (
    <>
      <output id="client">{`${status} ${email ?? "nobody"}`}</output>
      {/* Before hydration a submit would put the password into an address. */}
      <form id="sign-in" method="POST" onSubmit={signIn}>
        <input name="email" type="email" />
        <input name="password" type="password" />
        <button disabled={!isHydrated}>Sign in</button>
      </form>
      <button id="sign-out" disabled={!isHydrated} onClick={() => auth.signOut()}>Sign out</button>
      <button id="save" disabled={!isHydrated} onClick={async () => setSaved(await save())}>
        Save
      </button>
      <output id="saved">{saved}</output>
    </>
  );
}
