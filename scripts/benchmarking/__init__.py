"""What ``benchmark.py`` measures, one module per part.

measure.py    times, ratios, memory, fitted exponents
table.py      results → plain text and JSON
subjects.py   models of a given size with random weights, or a real one, and their states
naive.py      what is compared with: the per-token lens, the minimal script, the plain page
lens.py       capture and lens against the bare products and the naive lens
count.py      products, bytes and kernels that each stage asks of a card
command.py    the whole command against a minimal script
growth.py     time and memory against positions, layers, vocabulary, k, images
records.py    made-up records of any size
report.py     the report against the naive page, in Chromium
probe.js      what a page is asked, inside the browser
"""
