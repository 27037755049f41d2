/**
 * The page of axios-auth-refresh: the README's refresh logic and its request interceptor.
 *
 * @module
 */

import axios, { type AxiosError } from "axios";
import { createAuthRefresh } from "axios-auth-refresh";
import type { PageContestant } from "../contestant.ts";

axios.interceptors.request.use((request) => {
  request.headers.Authorization = `Bearer ${localStorage.getItem("token")}`;
  return request;
});
// Its types are made for another form of the same axios.
createAuthRefresh(
  axios as unknown as Parameters<typeof createAuthRefresh>[0],
  async (failedRequest: AxiosError) => {
    const { data } = await axios.post<{ token: string }>("/auth/token/refresh");
    localStorage.setItem("token", data.token);
    failedRequest.response?.config.headers.set("Authorization", `Bearer ${data.token}`);
  },
);

let calls = 0;
const call = async () => {
  try {
    return (await axios.get(`/api/things?call=${calls++}`)).status;
  } catch (error) {
    return axios.isAxiosError(error) ? error.response?.status ?? 0 : 0;
  }
};

const contestant: PageContestant = {
  async signIn() {
    const { data } = await axios.post<{ token: string }>("/auth/login");
    localStorage.setItem("token", data.token);
  },
  isReady: () => true,
  isSignedIn: () => localStorage.getItem("token") !== null,
  read: () => Promise.resolve(localStorage.getItem("token") !== null),
  // It refreshes when a call is refused, and at no other time.
  refresh: async () => await call() === 200,
  call,
  readRenews: false,
  events: [],
};
Object.assign(globalThis, { contestant });
