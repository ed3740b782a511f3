// For the tests in a stock Firefox: Playwright drives it by WebDriver BiDi, and asks it on every start
// to override media features, which Firefox ESR does not know. The request is left out; pages choose
// their theme by the address.
const Module = require("node:module");

const compile = Module.prototype._compile;
Module.prototype._compile = function (code, name, ...rest) {
  const known = name.includes("playwright") ? code.replace(/\.send\("emulation\.setMediaFeaturesOverride"/g, '.mayLack?.("emulation.setMediaFeaturesOverride"') : code;
  return compile.call(this, known, name, ...rest);
};
