"use client";

import { type FormEvent, useState } from "react";
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
      <form id="sign-in" onSubmit={signIn}>
        <input name="email" type="email" />
        <input name="password" type="password" />
        <button>Sign in</button>
      </form>
      <button id="sign-out" onClick={() => auth.signOut()}>Sign out</button>
      <button id="save" onClick={async () => setSaved(await save())}>Save</button>
      <output id="saved">{saved}</output>
    </>
  );
}
