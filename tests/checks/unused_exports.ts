/**
 * Exported functions, classes and constants that no other file of the product imports. Types are left out:
 * those of an exported signature have to be exported too, so that others can name them.
 *
 * @module
 */

import ts from "typescript";
import type { Check } from "./check.ts";
import { readSourceFiles, type SourceFile } from "./source_files.ts";

/** Deployed or published. */
const PRODUCT = /^(?:supabase\/functions|client\/src)\//;

/** Entry points: run by the platform, or imported by the package's name. */
const ENTRY =
  /^supabase\/functions\/[a-z-]+\/index\.ts$|^client\/src\/(?:\w+\/)?(?:index|cache|metrics)\.ts$/;

/** Exports that only tests import, and why they have to. */
const FOR_TESTS: Readonly<Record<string, string>> = {
  DEFAULTS: "compared with client/README.md",
  SESSION_ENDED_REASONS: "the client's side of ERRORS, compared with it",
  NO_SESSION_CODES: "the client's side of ERRORS, compared with it",
  PAIR_LIMIT: "compared with docs/security.md",
  ACCOUNT_LIMIT: "compared with docs/security.md",
  NETWORK_LIMIT: "compared with docs/security.md",
  COMPOSITE_FIELDS: "compared with the database's types",
  ROUTES: "compared with the OpenAPI document",
  toPolicyArgument: "calls of the SQL functions by SQL take the same policy",
  encodeRefreshToken: "tokens are forged with it",
  hashRefreshToken: "the hash of a token is put into a row",
  judgeBinding: "no setting leads to partitioned cookies without SameSite=None",
};

export const unusedExports: Check = {
  name: "unused exports",
  run: async () => findUnusedExports(await readSourceFiles({ extensions: [".ts", ".tsx"] })),
};

/** A line for each export that only tests import, or nobody. */
export function findUnusedExports(files: readonly SourceFile[]): readonly string[] {
  const product = files.filter(({ path }) => PRODUCT.test(path)).map(readModule);
  const used = new Set(product.flatMap(({ imported }) => imported));
  return product.filter(({ path }) => !ENTRY.test(path)).flatMap(({ path, exported }) =>
    exported
      .filter((name) => !used.has(`${path}#${name}`) && !used.has(`${path}#*`))
      .filter((name) => !(name in FOR_TESTS))
      .map((name) => `${path} exports ${name}, which no file of the product imports`)
  );
}

interface Module {
  readonly path: string;
  /** The names of the functions, classes and constants that it declares. */
  readonly exported: readonly string[];
  /** `path#name`; `path#*` where all of a module is taken. */
  readonly imported: readonly string[];
}

function readModule({ path, text }: SourceFile): Module {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const exported: string[] = [];
  const imported: string[] = [];
  const take = (specifier: ts.Expression | undefined, names: readonly string[]) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    if (!specifier.text.startsWith(".")) return;
    const target = new URL(specifier.text, `file:///${path}`).pathname.slice(1);
    imported.push(...names.map((name) => `${target}#${name}`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      take(node.moduleSpecifier, namesOfImport(node.importClause));
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      take(node.moduleSpecifier, namesOfExport(node.exportClause));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      take(node.arguments[0], ["*"]);
    } else if (isExported(node)) {
      exported.push(...namesOfDeclaration(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { path, exported, imported };
}

function namesOfImport(clause: ts.ImportClause | undefined): readonly string[] {
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return clause?.name === undefined ? [] : ["default"];
  return ts.isNamespaceImport(bindings) ? ["*"] : namesOf(bindings.elements);
}

function namesOfExport(clause: ts.NamedExportBindings | undefined): readonly string[] {
  return clause !== undefined && ts.isNamedExports(clause) ? namesOf(clause.elements) : ["*"];
}

function namesOf(
  elements: ts.NodeArray<ts.ImportSpecifier | ts.ExportSpecifier>,
): readonly string[] {
  return elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function isExported(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function namesOfDeclaration(node: ts.Node): readonly string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : []
    );
  }
  const isValue = ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node);
  return isValue && node.name !== undefined ? [node.name.text] : [];
}
