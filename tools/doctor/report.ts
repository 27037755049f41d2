/**
 * Findings as text for a person, or as JSON for a program, and the exit code for CI.
 *
 * @module
 */

import type { Finding, Status } from "./finding.ts";
import type { Target } from "./subject.ts";

const LABELS: Readonly<Record<Status, string>> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  not_checked: "not checked",
};

const LABEL_WIDTH = Math.max(...Object.values(LABELS).map(({ length }) => length));

export function formatReport(target: Target, findings: readonly Finding[]): string {
  const idWidth = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(LABEL_WIDTH + 2 + idWidth + 2);
  const app = target.appOrigin === null ? "" : `, for the app on ${target.appOrigin}`;
  return [
    `Unified Auth at ${target.functionsUrl}${app}`,
    "",
    ...findings.flatMap(({ check, result, message, remedy }) => [
      `${LABELS[result].padEnd(LABEL_WIDTH)}  ${check.padEnd(idWidth)}  ${message}`,
      ...(remedy === null ? [] : [`${indent}→ ${remedy}`]),
    ]),
    "",
    summarise(findings),
  ].join("\n");
}

function summarise(findings: readonly Finding[]): string {
  const count = (result: Status) => findings.filter((finding) => finding.result === result).length;
  const parts = (["failed", "warning", "ok", "not_checked"] as const)
    .map((result) => [count(result), result.replace("_", " ")] as const)
    .filter(([number]) => number > 0)
    .map(([number, label]) => `${number} ${label}${label === "warning" && number > 1 ? "s" : ""}`);
  return parts.join(", ");
}

export function formatJson(target: Target, findings: readonly Finding[]): string {
  return JSON.stringify(
    {
      functions_url: target.functionsUrl,
      app_origin: target.appOrigin,
      ok: exitCode(findings) === 0,
      findings,
    },
    null,
    2,
  );
}

/** 1 if a check failed. A warning, and what was not checked, are for a person to judge. */
export function exitCode(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ result }) => result === "failed") ? 1 : 0;
}
