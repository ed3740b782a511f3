// For the tests in a stock Firefox, which Playwright drives by WebDriver BiDi. Two things that it takes
// for granted Firefox ESR does not have: overriding media features, asked for on every start (pages
// choose their theme by the address), and a number for each download (its address serves as well).
const Module = require("node:module");

const CHANGES = [
  ['.send("emulation.setMediaFeaturesOverride"', '.mayLack?.("emulation.setMediaFeaturesOverride"'],
  ["event.download ?? event.navigation", "event.download ?? event.navigation ?? event.url"],
  ["!event.download && !event.navigation", "!event.url"],
];
const compile = Module.prototype._compile;
Module.prototype._compile = function (code, name, ...rest) {
  const known = name.includes("playwright") ? CHANGES.reduce((text, [from, to]) => text.replaceAll(from, to), code) : code;
  return compile.call(this, known, name, ...rest);
};
