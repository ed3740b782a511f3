"""What the tool is compared with, written here in the way the first published scripts do it.

Deliberately plain. Does not use the tool.
"""

import html
import json
from typing import Any

import torch
from torch import Tensor, nn

from logit_lens.record import LensRecord


def naive_lens(
    states: list[Tensor], norm: nn.Module | None, head: nn.Module, tokenizer: Any, top_k: int
) -> list[list[list[tuple[str, float]]]]:
    """Per layer norm → head → full softmax → top-k → one item() and one decode() per token.

    Returns:
        [layer][position][rank] → (text, probability).
    """
    layers = []
    for state in states:
        probs = torch.softmax(head(norm(state) if norm is not None else state), dim=-1)
        values, ids = torch.topk(probs, top_k, dim=-1)
        rows = []
        for position in range(len(state)):
            row = []
            for rank in range(top_k):
                text = tokenizer.decode([ids[position, rank].item()])
                row.append((text, values[position, rank].item()))
            rows.append(row)
        layers.append(rows)
    return layers


MINIMAL_SCRIPT = """\
import sys
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

model_path, image_path, question, new_tokens = sys.argv[1:]
processor = AutoProcessor.from_pretrained(model_path)
model = AutoModelForImageTextToText.from_pretrained(model_path, dtype=torch.float32).eval()
content = [{"type": "image"}, {"type": "text", "text": question}]
text = processor.apply_chat_template(
    [{"role": "user", "content": content}], add_generation_prompt=True
)
image = Image.open(image_path).convert("RGB")
inputs = processor(images=image, text=text, return_tensors="pt")
with torch.inference_mode():
    ids = model.generate(**inputs, max_new_tokens=int(new_tokens), do_sample=False)
print(processor.decode(ids[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))
"""


def naive_page(record: LensRecord) -> str:
    """The same content as a plain table: JSON data, a cell element and a listener per value."""
    text = dict(zip(record.token_ids.tolist(), map(str, record.token_text), strict=True))
    cells = [
        [
            [
                {"token": text[i], "prob": p}
                for i, p in zip(ids.tolist(), probs.tolist(), strict=True)
            ]
            for ids, probs in zip(layer_ids, layer_probs, strict=True)
        ]
        for layer_ids, layer_probs in zip(record.top_ids, record.top_probs, strict=True)
    ]
    data = {
        "title": f"{record.meta['image']['name']} · {record.meta['model']}",
        "labels": [text[i] for i in record.input_ids.tolist()],
        "layers": record.layers.tolist(),
        "cells": cells,
    }
    payload = json.dumps(data).replace("<", "\\u003c")
    return _PAGE.replace("TITLE", html.escape(data["title"])).replace("PAYLOAD", payload)


_PAGE = """\
<!doctype html>
<html><head><meta charset="utf-8"><title>TITLE</title>
<style>
body { font-family: sans-serif; }
#table { height: 90vh; overflow: auto; }
td, th { border: 1px solid #ccc; font-size: 11px; min-width: 4em; }
#tooltip { position: fixed; display: none; background: #fff; border: 1px solid #888; }
</style></head><body>
<select id="colour"><option>probability</option><option>none</option></select>
<div id="table"></div><div id="tooltip"></div>
<script>
const data = PAYLOAD;
const table = document.createElement("table");
const tooltip = document.getElementById("tooltip");
function colour() {
  const none = document.getElementById("colour").value === "none";
  for (const td of table.querySelectorAll("td")) {
    td.style.background = none ? "" : `rgba(0, 120, 255, ${td.dataset.prob})`;
  }
}
const head = table.insertRow();
head.appendChild(document.createElement("th"));
for (const layer of data.layers) {
  head.appendChild(document.createElement("th")).textContent = layer;
}
for (let t = 0; t < data.labels.length; t++) {
  const row = table.insertRow();
  row.appendChild(document.createElement("th")).textContent = `${t} ${data.labels[t]}`;
  for (let l = 0; l < data.layers.length; l++) {
    const td = row.insertCell();
    const top = data.cells[l][t];
    td.textContent = top[0].token;
    td.dataset.prob = top[0].prob;
    td.addEventListener("mouseenter", (event) => {
      tooltip.innerHTML = "";
      for (const { token, prob } of top) {
        const line = document.createElement("div");
        line.textContent = `${token} ${prob.toFixed(4)}`;
        tooltip.appendChild(line);
      }
      tooltip.style.display = "block";
      tooltip.style.left = `${event.clientX + 10}px`;
      tooltip.style.top = `${event.clientY + 10}px`;
    });
    td.addEventListener("mouseleave", () => { tooltip.style.display = "none"; });
  }
}
document.getElementById("colour").addEventListener("change", colour);
colour();
document.getElementById("table").appendChild(table);
document.documentElement.dataset.state = "ready";
</script></body></html>
"""
