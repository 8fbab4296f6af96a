#!/usr/bin/env python3
"""The same vectors and queries in usearch, for comparison; called by the figures of services/indexing.

Needs: pip install usearch numpy.
Usage: usearch-run.py FOLDER DIMS. FOLDER holds vectors.f32 and queries.f32 (little-endian) and truth.u32, the ten
nearest vectors of each query. Prints one line: seconds to build, p50 and p99 of a search in milliseconds, recall@10,
and bytes of the index.
"""
import sys
import time

import numpy
from usearch.index import Index

folder, dims = sys.argv[1], int(sys.argv[2])
vectors = numpy.fromfile(f"{folder}/vectors.f32", dtype=numpy.float32).reshape(-1, dims)
queries = numpy.fromfile(f"{folder}/queries.f32", dtype=numpy.float32).reshape(-1, dims)
truth = numpy.fromfile(f"{folder}/truth.u32", dtype=numpy.uint32).reshape(len(queries), -1)

index = Index(ndim=dims, metric="ip", dtype="f32", connectivity=32, expansion_add=128, expansion_search=128)
started = time.perf_counter()
index.add(numpy.arange(len(vectors)), vectors, threads=2)
built = time.perf_counter() - started

times, right = [], 0
for query, expected in zip(queries, truth):
    started = time.perf_counter()
    found = index.search(query, 10, threads=1)
    times.append(time.perf_counter() - started)
    right += len(set(found.keys.tolist()) & set(expected.tolist()))
times.sort()
p50, p99 = times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3
print(f"{built:.1f} {p50:.3f} {p99:.3f} {right / truth.size:.4f} {index.memory_usage}")
