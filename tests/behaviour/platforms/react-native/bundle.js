import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import removeTypes from "flow-remove-types";

const here = new URL(".", import.meta.url).pathname;

// As Metro does: React Native's own sources with their types taken out, and its conditions.
await build({
  entryPoints: [`${here}entry.js`],
  outfile: `${here}app.js`,
  bundle: true,
  format: "iife",
  conditions: ["react-native"],
  mainFields: ["react-native", "browser", "module", "main"],
  resolveExtensions: [".ios.js", ".native.js", ".js", ".json"],
  define: { __DEV__: "false", global: "globalThis" },
  plugins: [{
    name: "react-native",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^react-native$/ }, () => ({ path: `${here}react_native.js` }));
      onResolve({ filter: /netinfo$/ }, () => ({ path: `${here}netinfo.js` }));
      onLoad({ filter: /node_modules\/react-native\/.*\.js$/ }, async ({ path }) => ({
        contents: removeTypes(await readFile(path, "utf8"), { all: true }).toString(),
      }));
    },
  }],
});
