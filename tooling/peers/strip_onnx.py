"""Drops from an ONNX file what its exporter noted on the machine it ran on."""

from pathlib import Path

import onnx


def stripped(path: Path) -> None:
    """Drops the exporter's notes on its own machine: stack traces with paths."""
    model = onnx.load(path)
    keep = "pkg.onnxscript.rewriter.rule_name"
    for node in model.graph.node:
        node.doc_string = ""
        kept = [(entry.key, entry.value) for entry in node.metadata_props if entry.key == keep]
        del node.metadata_props[:]
        for key, value in kept:
            node.metadata_props.add(key=key, value=value)
    del model.graph.value_info[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for entry in [*model.graph.input, *model.graph.output]:
        del entry.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    onnx.save(model, path)
