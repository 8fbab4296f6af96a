#!/usr/bin/env python3
"""The embedder of models/embedder in onnxruntime, single precision, for comparison; called by a test in search/candle.

Needs: pip install onnxruntime onnx numpy tokenizers.
Usage: embed-run.py MODEL FOLDER THREADS. MODEL holds model-f16.safetensors, config.json and tokenizer.json; FOLDER holds
all.json and turn.json, lists of texts. The graph is built here from the weights. Prints the best batch size on the texts
of a turn; then does what each line of its input says, and answers with a line of seconds: "all" embeds all texts and
writes FOLDER/vectors.f32, "turn" embeds those of a turn.
"""
import json
import struct
import sys
import time

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

model, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = json.load(open(f"{model}/config.json"))
layers, heads, width = config["num_hidden_layers"], config["num_attention_heads"], config["hidden_size"]
head = width // heads

raw = open(f"{model}/model-f16.safetensors", "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
weights = {}
for name, entry in json.loads(raw[8 : 8 + size]).items():
    if name == "__metadata__" or entry["dtype"] not in ("F16", "F32"):
        continue
    start, end = entry["data_offsets"]
    dtype = "<f2" if entry["dtype"] == "F16" else "<f4"
    values = numpy.frombuffer(raw[8 + size + start : 8 + size + end], dtype=dtype)
    weights[name.removeprefix("bert.")] = values.astype(numpy.float32).reshape(entry["shape"])

nodes, constants = [], {}


def constant(name, value):
    if name not in constants:
        constants[name] = numpy_helper.from_array(numpy.ascontiguousarray(value), name)
    return name


def node(kind, *inputs, **attributes):
    out = f"n{len(nodes)}"
    nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
    return out


def weight(name):
    return constant(name, weights[name])


def linear(x, name):
    product = node("MatMul", x, constant(name + ".transposed", weights[name + ".weight"].T))
    return node("Add", product, weight(name + ".bias"))


def norm(x, name):
    epsilon = config["layer_norm_eps"]
    return node("LayerNormalization", x, weight(name + ".weight"), weight(name + ".bias"), axis=-1, epsilon=epsilon)


words = node("Gather", weight("embeddings.word_embeddings.weight"), "ids")
places = node("Gather", weight("embeddings.position_embeddings.weight"), "places")
x = node("Add", node("Add", words, places), constant("kind", weights["embeddings.token_type_embeddings.weight"][0]))
x = norm(x, "embeddings.LayerNorm")
split = constant("split", numpy.array([0, 0, heads, head], dtype=numpy.int64))
joined = constant("joined", numpy.array([0, 0, width], dtype=numpy.int64))
scale = constant("scale", numpy.float32(head**-0.5))
for layer in range(layers):
    name = f"encoder.layer.{layer}."
    query, key, value = (
        node("Transpose", node("Reshape", linear(x, name + "attention.self." + part), split), perm=perm)
        for part, perm in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    )
    scores = node("Add", node("Mul", node("MatMul", query, key), scale), "bias")
    context = node("MatMul", node("Softmax", scores, axis=-1), value)
    context = node("Reshape", node("Transpose", context, perm=[0, 2, 1, 3]), joined)
    x = norm(node("Add", linear(context, name + "attention.output.dense"), x), name + "attention.output.LayerNorm")
    hidden = node("Gelu", linear(x, name + "intermediate.dense"))
    x = norm(node("Add", linear(hidden, name + "output.dense"), x), name + "output.LayerNorm")
axis = constant("axis", numpy.array([1], dtype=numpy.int64))
summed = node("ReduceSum", node("Mul", x, "mask"), axis, keepdims=0)
nodes.append(helper.make_node("LpNormalization", [summed], ["vectors"], axis=-1, p=2))

inputs = [
    helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"]),
    helper.make_tensor_value_info("places", TensorProto.INT64, ["batch", "length"]),
    helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", "length", 1]),
    helper.make_tensor_value_info("bias", TensorProto.FLOAT, ["batch", 1, 1, "length"]),
]
outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", width])]
graph = helper.make_graph(nodes, "bert", inputs, outputs, list(constants.values()))
built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.inter_op_num_threads = 1
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
session = onnxruntime.InferenceSession(built.SerializeToString(), options, providers=["CPUExecutionProvider"])

tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation(256)
texts_of = {name: json.load(open(f"{folder}/{name}.json")) for name in ("all", "turn", "query")}


def embed(texts, size):
    """All of them, tokenizing included, those of like length together; and in how many seconds."""
    started = time.perf_counter()
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    order = sorted(range(len(texts)), key=lambda at: len(encoded[at]))
    vectors = numpy.empty((len(texts), width), dtype=numpy.float32)
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        longest = max(len(encoded[at]) for at in batch)
        ids = numpy.zeros((len(batch), longest), dtype=numpy.int64)
        mask = numpy.zeros((len(batch), longest), dtype=numpy.float32)
        for row, at in enumerate(batch):
            ids[row, : len(encoded[at])] = encoded[at]
            mask[row, : len(encoded[at])] = 1
        places = numpy.tile(numpy.arange(longest), (len(batch), 1))
        bias = ((mask - 1) * 1e9)[:, None, None, :]
        feeds = {"ids": ids, "places": places, "mask": mask[:, :, None], "bias": bias.astype(numpy.float32)}
        vectors[batch] = session.run(["vectors"], feeds)[0]
    return vectors, time.perf_counter() - started


turn = texts_of["turn"]
embed(turn[:8], 8)
best = min((1, 4, 8, 16, 32), key=lambda size: embed(turn, size)[1])
print(best, flush=True)
for line in sys.stdin:
    name = line.strip()
    vectors, seconds = embed(texts_of[name], best)
    if name == "all":
        vectors.astype("<f4").tofile(f"{folder}/vectors.f32")
    print(f"{seconds:.6f}", flush=True)
