#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A training that bench_train wrote down, repeated by another library: what compare_training.py talks to.

usage: train_peers.py VARIANT FOLDER      (train_peers.py --version LIBRARY)
  VARIANT   library and options joined by commas: torch,channels_last,fused or jax,scan or tensorflow,xla ...
  FOLDER    of `bench_train --export`

A number of steps on a line of the input is answered by the seconds of processor time that they took and their losses.
Batches lie ready in memory, losses are fetched after the clock has stopped, everything runs on one thread.
"""
import json
import os
import pathlib
import sys
import time

os.environ.update({"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                   "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""})
import numpy as np  # noqa: E402

CHUNK = 8  # steps of one call, where a library compiles a loop of them


class Training:
    """What is in the folder: nodes, first weights (layouts as in engine/ops/ops.h), batches."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        description = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        self.nodes, self.input = description["nodes"], description["input"]
        self.rate, self.momentum = description["rate"], description["momentum"]
        self.batches, batch = description["batches"], description["batch"]
        block = np.fromfile(folder / "weights.f32", np.float32)
        self.params, self.groups = [], [p.get("group", 0) for p in description["params"]]
        for p in description["params"]:
            size = int(np.prod(p["shape"]))
            self.params.append(block[p["offset"]:p["offset"] + size].reshape(p["shape"]))
        self.x = np.fromfile(folder / "x.f32", np.float32).reshape(self.batches, batch, *description["shape"])
        self.labels = np.fromfile(folder / "labels.i32", np.int32).reshape(self.batches, batch)
        readers = [i for node in self.nodes for i in node["in"]]
        for node in self.nodes:
            node["weights"] = [self.params[i] for i in node["params"]]
            node["read_once"] = all(readers.count(i) == 1 for i in node["in"])


def run_nodes(training, x, labels, apply):
    """The loss; apply(index of the node, node, inputs) computes one."""
    values = {training.input: x}
    for index, node in enumerate(training.nodes):
        if node["op"] == "cross-entropy":
            values[node["in"][1]] = labels
        result = apply(index, node, [values[i] for i in node["in"]])
        if node["out"] is None:
            return result
        values[node["out"]] = result
    raise ValueError("a network without a loss")


# ---- PyTorch ----

def torch_layers(training):
    """Modules of the nodes that have weights. Here images are [channels, height, width]."""
    import torch
    from torch import nn
    layers = {}
    for index, node in enumerate(training.nodes):
        w = [torch.from_numpy(np.ascontiguousarray(a)) for a in node["weights"]]
        if node["op"] == "dense":
            layer = nn.Linear(*w[0].shape)
            layer.weight.data, layer.bias.data = w[0].t().contiguous(), w[1]
        elif node["op"] == "conv2d":
            kernel, (channels, filters), groups = w[0].shape[:2], w[0].shape[2:], node["groups"]
            layer = nn.Conv2d(channels * groups, filters, tuple(kernel), tuple(node["stride"]), tuple(node["padding"]),
                              tuple(node["dilation"]), groups, bias=node["bias"])
            layer.weight.data = w[0].permute(3, 2, 0, 1).contiguous()
            if node["bias"]:
                layer.bias.data = w[1]
        elif node["op"] == "batch-norm":
            layer = nn.BatchNorm2d(len(w[0]), node["epsilon"], node["momentum"], affine=len(w) > 2)
        else:
            continue
        layers[index] = layer
    return layers


def torch_model(training):
    """A module whose forward is the plain sequence of calls that one would write by hand."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            for index, layer in torch_layers(training).items():
                setattr(self, f"layer{index}", layer)
            for index, node in enumerate(training.nodes):
                if node["op"] == "parameter":  # of an architecture: differentiated, not moved
                    value = nn.Parameter(torch.from_numpy(node["weights"][0].copy()))
                    value.moves = training.groups[node["params"][0]] == 0
                    setattr(self, f"value{index}", value)

        def apply_node(self, index, node, v):
            op = node["op"]
            if op in ("dense", "conv2d", "batch-norm"):
                y = getattr(self, f"layer{index}")(v[0])
            elif op == "relu":
                y = F.relu(v[0], inplace=node["read_once"])
            elif op == "add":
                y = v[0] + v[1]
                for more in v[2:]:
                    y = y + more
            elif op == "concat":
                y = torch.cat(v, 1)
            elif op == "reshape":
                y = v[0].permute(0, 2, 3, 1).flatten(1)
            elif op == "global-mean-pool":
                y = v[0].mean((2, 3))
            elif op == "parameter":
                y = getattr(self, f"value{index}")
            elif op in ("softmax", "edge_weights"):
                y = F.softmax(v[0], -1)
            elif op == "mix":
                w = v[-1][node["row"]]
                y = sum(w[c] * x for c, x in zip(node["columns"], v[:-1]))
            elif op == "subsample":
                (down, along), stride = node["begin"], node["stride"]
                y = v[0][:, :, down::stride, along::stride]
            elif op == "max-pool":
                y = F.max_pool2d(v[0], node["window"], node["stride"], node["padding"])
            elif op == "mean-pool":
                y = F.avg_pool2d(v[0], node["window"], node["stride"], node["padding"], count_include_pad=False)
            else:
                return F.cross_entropy(*v)
            return F.relu(y, inplace=True) if node.get("relu") else y

        def forward(self, x, labels):
            return run_nodes(training, x, labels, self.apply_node)

    return torch.fx.symbolic_trace(Model())


def torch_steps(training, options):
    import torch
    import torch.fx
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    model = torch_model(training)
    x = torch.from_numpy(training.x)
    if x.dim() == 5:
        x = x.permute(0, 1, 4, 2, 3).contiguous()
    x, labels = list(x.unbind()), list(torch.from_numpy(training.labels).long().unbind())
    if "channels_last" in options:
        model = model.to(memory_format=torch.channels_last)
        x = [batch.contiguous(memory_format=torch.channels_last) for batch in x]
    how = {word: True for word in ("foreach", "fused") if word in options} or {"foreach": False}
    optimizer = torch.optim.SGD([p for p in model.parameters() if getattr(p, "moves", True)], training.rate, training.momentum, **how)
    compute = torch.compile(model, mode="max-autotune-no-cudagraphs" if "tuned" in options else None) \
        if "compile" in options else model
    at = 0

    def steps(count):
        nonlocal at
        losses = []
        for _ in range(count):
            optimizer.zero_grad(set_to_none=True)
            loss = compute(x[at], labels[at])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            at = (at + 1) % training.batches
        return losses

    return steps


# ---- JAX ----

def jax_loss(training, options):
    """Images are [height, width, channels], the natural order of XLA on a processor; or, as an option, channels first."""
    import jax
    import jax.numpy as jnp
    from jax import lax
    first = "channels_first" in options
    pixels, layout = ((2, 3), "NCHW") if first else ((1, 2), "NHWC")

    def per_channel(a):
        return a[:, None, None] if first else a

    def depthwise_by_shifts(v, w, node):
        """A depthwise convolution as a sum of shifted products: XLA has no fast kernel for it on a processor."""
        assert not first
        (up, left), (s, t), (d, e) = node["padding"], node["stride"], node["dilation"]
        v = jnp.pad(v, ((0, 0), (up, up), (left, left), (0, 0)))
        rows, cols = ((v.shape[1] - (w.shape[0] - 1) * d - 1) // s + 1, (v.shape[2] - (w.shape[1] - 1) * e - 1) // t + 1)
        return sum(v[:, i * d:i * d + (rows - 1) * s + 1:s, j * e:j * e + (cols - 1) * t + 1:t] * w[i, j, 0]
                   for i in range(w.shape[0]) for j in range(w.shape[1]))

    def convolution(v, w, node):
        if "shifts" in options and node["groups"] > 1:
            y = depthwise_by_shifts(v, w[0], node)
        else:
            y = lax.conv_general_dilated(v, w[0], node["stride"], [(p, p) for p in node["padding"]],
                                         rhs_dilation=node["dilation"], feature_group_count=node["groups"],
                                         dimension_numbers=(layout, "HWIO", layout))
        return y + per_channel(w[1]) if node["bias"] else y

    def batch_norm(v, w, node):
        axes = (0, *pixels)
        mean, square = v.mean(axes), (v * v).mean(axes)
        variance = square - mean * mean if "moments" in options else v.var(axes)
        y = (v - per_channel(mean)) * per_channel(lax.rsqrt(variance + node["epsilon"]) * w[0]) + per_channel(w[1])
        unbiased = v.size / v.shape[1 if first else 3]
        unbiased = unbiased / (unbiased - 1)
        m = node["momentum"]
        return y, (w[2] + m * (mean - w[2]), w[3] + m * (unbiased * variance - w[3]))

    def pool(v, node, zero, op):
        window, stride, padding = node["window"], node["stride"], [(p, p) for p in node["padding"]]
        around = (1, 1, *window) if first else (1, *window, 1), (1, 1, *stride) if first else (1, *stride, 1), \
            [(0, 0), (0, 0), *padding] if first else [(0, 0), *padding, (0, 0)]
        return lax.reduce_window(v, zero, op, *around)

    def loss(trained, state, x, labels):
        moved = dict(state)

        def apply(index, node, v):
            op, w = node["op"], [trained[i] if i in trained else state[i] for i in node["params"]]
            if op == "dense":
                y = v[0] @ w[0] + w[1]
            elif op == "conv2d":
                y = convolution(v[0], w, node)
            elif op == "batch-norm":
                y, (moved[node["params"][2]], moved[node["params"][3]]) = batch_norm(v[0], w, node)
            elif op == "relu":
                y = jax.nn.relu(v[0])
            elif op == "add":
                y = sum(v[1:], v[0])
            elif op == "concat":
                y = jnp.concatenate(v, 1 if first else 3)
            elif op == "reshape":
                y = (v[0].transpose(0, 2, 3, 1) if first else v[0]).reshape(len(v[0]), -1)
            elif op == "global-mean-pool":
                y = v[0].mean(pixels)
            elif op == "max-pool":
                y = pool(v[0], node, -jnp.inf, lax.max)
            elif op == "mean-pool":
                y = pool(v[0], node, 0.0, lax.add) / pool(jnp.ones_like(v[0]), node, 0.0, lax.add)
            else:
                return -jnp.take_along_axis(jax.nn.log_softmax(v[0]), v[1][:, None], 1).mean()
            return jax.nn.relu(y) if node.get("relu") else y

        return run_nodes(training, x, labels, apply), moved

    return loss


def jax_steps(training, options):
    import functools
    import jax
    jax.config.update("jax_compilation_cache_dir", os.environ.get("PEERS_CACHE"))
    loss = jax_loss(training, options)
    x = np.moveaxis(training.x, -1, 2) if "channels_first" in options and training.x.ndim == 5 else training.x
    state = {i: a for node in training.nodes for i, a in zip(node["params"][2:], node["weights"][2:])}
    trained = {i: a for i, a in enumerate(training.params) if i not in state}

    def step(carry, batch):
        trained, state, velocity = carry
        (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(trained, state, *batch)
        velocity = {i: training.momentum * velocity[i] + g for i, g in gradients.items()}
        return ({i: w - training.rate * velocity[i] for i, w in trained.items()}, state, velocity), value

    carry = jax.device_put((trained, state, {i: np.zeros_like(a) for i, a in trained.items()}))
    every = CHUNK if "scan" in options else 1
    shape = (training.batches // CHUNK, CHUNK) if every > 1 else (training.batches,)
    batches = [jax.device_put((a, b)) for a, b in
               zip(x.reshape(*shape, *x.shape[1:]), training.labels.reshape(*shape, -1))]
    call = functools.partial(jax.lax.scan, step, unroll="unrolled" in options) if every > 1 else step
    call = jax.jit(call, donate_argnums=0)
    at = 0

    def steps(count):
        nonlocal carry, at
        losses = []
        for _ in range(count // every):
            carry, value = call(carry, batches[at])
            losses.append(value)
            at = (at + 1) % len(batches)
        jax.block_until_ready((carry, losses))
        return losses

    return steps


# ---- TensorFlow ----

def tensorflow_loss(training, variables):
    """Images are [height, width, channels]: the only order that it has for a processor."""
    import tensorflow as tf

    def convolution(v, w, node):
        padding = [(0, 0), *((p, p) for p in node["padding"]), (0, 0)]
        if node["groups"] > 1:
            kernel = tf.transpose(w[0], (0, 1, 3, 2))
            y = tf.nn.depthwise_conv2d(v, kernel, [1, *node["stride"], 1], padding, dilations=node["dilation"])
        else:
            y = tf.nn.conv2d(v, w[0], [1, *node["stride"], 1], padding, dilations=node["dilation"])
        return tf.nn.bias_add(y, w[1]) if node["bias"] else y

    def apply(index, node, v):
        op, w = node["op"], [variables[i] for i in node["params"]]
        if op == "dense":
            y = tf.nn.bias_add(tf.matmul(v[0], w[0]), w[1])
        elif op == "conv2d":
            y = convolution(v[0], w, node)
        elif op == "batch-norm":
            y, mean, variance = tf.compat.v1.nn.fused_batch_norm(v[0], w[0], w[1], epsilon=node["epsilon"])
            w[2].assign_add(node["momentum"] * (mean - w[2]))
            w[3].assign_add(node["momentum"] * (variance - w[3]))
        elif op == "relu":
            y = tf.nn.relu(v[0])
        elif op == "add":
            y = v[0] + v[1] if len(v) == 2 else tf.add_n(v)
        elif op == "concat":
            y = tf.concat(v, 3)
        elif op == "reshape":
            y = tf.reshape(v[0], (len(v[0]), -1))
        elif op == "global-mean-pool":
            y = tf.reduce_mean(v[0], (1, 2))
        elif op in ("max-pool", "mean-pool"):
            function = tf.nn.max_pool2d if op == "max-pool" else tf.nn.avg_pool2d
            y = function(v[0], node["window"], node["stride"], "SAME" if any(node["padding"]) else "VALID")
        else:
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(v[1], v[0]))
        return tf.nn.relu(y) if node.get("relu") else y

    return lambda x, labels: run_nodes(training, x, labels, apply)


def tensorflow_steps(training, options):
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    state = {i for node in training.nodes for i in node["params"][2:]}
    variables = [tf.Variable(a) for a in training.params]
    trained = [v for i, v in enumerate(variables) if i not in state]
    velocities = [tf.Variable(tf.zeros_like(v)) for v in trained]
    loss = tensorflow_loss(training, variables)

    @tf.function(jit_compile="xla" in options)
    def step(x, labels):
        with tf.GradientTape() as tape:
            value = loss(x, labels)
        for v, m, g in zip(trained, velocities, tape.gradient(value, trained)):
            if "xla" in options:
                m.assign(training.momentum * m + g)
                v.assign_sub(training.rate * m)
            else:  # momentum = m mu + g, v -= rate m: one kernel
                tf.raw_ops.ResourceApplyMomentum(var=v.handle, accum=m.handle, lr=training.rate, grad=g,
                                                 momentum=training.momentum)
        return value

    x, labels = [tf.constant(a) for a in training.x], [tf.constant(a) for a in training.labels]
    at = 0

    def steps(count):
        nonlocal at
        losses = []
        for _ in range(count):
            losses.append(step(x[at], labels[at]))
            at = (at + 1) % training.batches
        return losses

    return steps


LIBRARIES = {"torch": torch_steps, "jax": jax_steps, "tensorflow": tensorflow_steps}


def main():
    if sys.argv[1] == "--version":
        print(__import__(sys.argv[2]).__version__)
        return
    library, *options = sys.argv[1].split(",")
    steps = LIBRARIES[library](Training(sys.argv[2]), options)
    for line in sys.stdin:
        begun = time.process_time()
        losses = steps(int(line))
        seconds = time.process_time() - begun
        flat = np.concatenate([np.asarray(loss, np.float64).ravel() for loss in losses])
        print(f"{seconds:.9f}", *(f"{value:.9g}" for value in flat), flush=True)


if __name__ == "__main__":
    main()
