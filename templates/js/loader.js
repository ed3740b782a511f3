/**
 * Unpacks the page's scripts (all that main.js imports, deflated in #code) and hands them to the
 * browser as an inline module. The Content-Security-Policy knows that text by its hash, so that
 * exactly our code runs: anything else in its place is refused.
 */
import { inflate } from "./core/inflate.js";
import { fail } from "./page/failure.js";

async function load() {
  const packed = document.querySelector("script#code");
  if (!packed) throw new Error("its scripts are missing");
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = new TextDecoder().decode(await inflate(packed.textContent ?? ""));
  packed.replaceWith(script);
}

if (typeof DecompressionStream === "undefined") {
  fail("This browser cannot unpack the report (it lacks DecompressionStream). Chrome or Edge 80, "
    + "Firefox 113, Safari 16.4 and anything newer can. The prompt, the answer and the picture are below.");
} else load().catch((error) => fail("This report cannot be shown: the file is damaged or not all there. "
  + `Download it or make it again. (${error.message})`));
