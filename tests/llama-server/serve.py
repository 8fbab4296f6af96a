"""llama.cpp's own server, from the PyPI package xllamacpp, for tests of the upstream.

    python3 serve.py MODEL.gguf

Prints its address in the first line and serves until standard input ends.
"""
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 2048
params.n_parallel = 2
params.n_gpu_layers = 0
params.cpuparams.n_threads = 2
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
