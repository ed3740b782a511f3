// What TypeScript's parser sees in our JavaScript; prints JSON.
//
//   node measure.js <typescript> functions <file> …    [file, line, name, lines] of every function
//   node measure.js <typescript> tokens <file>         every token, comments and spaces left out
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [typescript, what, ...files] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(typescript);

function parse(file) {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
}

function functionsOf(file) {
  const source = parse(file);
  const line = (at) => source.getLineAndCharacterOfPosition(at).line + 1;
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const [first, last] = [line(node.getStart(source)), line(node.end)];
      found.push([file, first, node.name?.getText(source) ?? "", last - first + 1]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The leaves of the tree: a scanner alone does not know a regular expression from a division. */
function tokensOf(file) {
  const source = parse(file);
  const found = [];
  const visit = (node) => {
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child));
    if (children.length) children.forEach(visit);
    else found.push(node.getText(source));
  };
  visit(source);
  return found;
}

console.log(JSON.stringify(files.flatMap(what === "tokens" ? tokensOf : functionsOf)));
