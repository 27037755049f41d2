export function functionsUrl(): string {
  return process.env.FUNCTIONS_URL ?? "http://127.0.0.1:54321/functions/v1";
}
