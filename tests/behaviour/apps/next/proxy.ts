import { NextRequest, NextResponse } from "next/server";
import { readSession } from "@unified-auth/client/server";
import { functionsUrl } from "./functions_url";

// The functions answer on the app's own origin, which makes their cookies first-party. And nobody who is
// signed out gets to the account page; a visitor of whom nothing is known does, and the browser finds out.
export async function proxy(request: NextRequest) {
  const { pathname, search } = request.nextUrl;
  if (pathname.startsWith("/functions/v1/")) {
    return NextResponse.rewrite(functionsUrl() + pathname.slice("/functions/v1".length) + search);
  }
  const { status } = await readSession(request, { baseUrl: functionsUrl() });
  return status === "signed-out"
    ? NextResponse.redirect(new URL("/", request.url))
    : NextResponse.next();
}

export const config = { matcher: ["/functions/v1/:path*", "/account"] };
