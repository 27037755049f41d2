/**
 * The settings of a project that decide how Supabase Auth lets people in, as a hosted project has them
 * by default, and the rule for the addresses that it sends a browser back to.
 *
 * @module
 */

/** A test may change any of them while the project serves. */
export interface AuthSettings {
  /** Where a browser goes that was to be sent to an address which is not allowed. */
  siteUrl: string;
  /** Patterns: `*` stops at `.` and `/`, `**` does not, `?` is any one character. */
  allowedRedirects: readonly string[];
  /** Whether an address counts as confirmed at sign-up. @default {false} */
  autoconfirm: boolean;
  /** @default {false} */
  signupsDisabled: boolean;
  /** Whether codes go out by SMS. @default {false} */
  phoneEnabled: boolean;
  /** How far apart mails to one user must be. @default {60} */
  mailIntervalSeconds: number;
  /** @default {86_400} */
  mailCodeLifetimeSeconds: number;
  /** From `/authorize` to the exchange of the code. @default {300} */
  flowLifetimeSeconds: number;
  /** Whether the mail server answers. @default {true} */
  mailServerUp: boolean;
  /** Of the passwords that are written from now on. @default {10} */
  bcryptCost: number;
}

/** The settings of a project whose site and functions are at `baseUrl`. */
export function hostedSettings(baseUrl: string): AuthSettings {
  return {
    siteUrl: baseUrl,
    allowedRedirects: [
      `${baseUrl}/functions/v1/unified-auth/callback`,
      `${baseUrl}/functions/v1/unified-auth/confirm`,
    ],
    autoconfirm: false,
    signupsDisabled: false,
    phoneEnabled: false,
    mailIntervalSeconds: 60,
    mailCodeLifetimeSeconds: 86_400,
    flowLifetimeSeconds: 300,
    mailServerUp: true,
    bcryptCost: 10,
  };
}

/** The first of the given addresses that is allowed; the site's where none is. No error says so. */
export function chooseRedirect(
  settings: Pick<AuthSettings, "siteUrl" | "allowedRedirects">,
  request: Request,
): string {
  const { searchParams } = new URL(request.url);
  const requested = searchParams.get("redirect_to") || request.headers.get("redirect_to");
  return [requested, request.headers.get("referer")].find((address) =>
    address && isAllowedRedirect(settings, address)
  ) ?? settings.siteUrl;
}

function isAllowedRedirect(
  { siteUrl, allowedRedirects }: Pick<AuthSettings, "siteUrl" | "allowedRedirects">,
  address: string,
): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username || url.password || !["http:", "https:"].includes(url.protocol)) return false;
  // Compared as it was written: another spelling of the host is another address to Supabase Auth.
  if (!address.startsWith(`${url.protocol}//${url.host}`)) return false;
  if (/^(?:127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) return true;
  return url.origin === new URL(siteUrl).origin ||
    allowedRedirects.some((pattern) => patternOf(pattern).test(address));
}

function patternOf(glob: string): RegExp {
  const source = glob.replaceAll(/\*\*|[*?]|[^*?]+/g, (part) => {
    switch (part) {
      case "**":
        return ".*";
      case "*":
        return "[^./]*";
      case "?":
        return ".";
      default:
        return part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
    }
  });
  return new RegExp(`^${source}$`);
}
