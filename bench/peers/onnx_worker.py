"""ONNX Runtime, for inference: the CNN and the sequence model, written as ONNX graphs."""
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from worker import THREADS, images, sequences, serve

random = np.random.default_rng(1)


class Builder:
    """Collects nodes and weights; each call gives the name of what it made."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, *shape):
        return self.constant((random.standard_normal(shape) * 0.05).astype(np.float32))

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind, inputs, outputs=1, **attributes):
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0]

    def session(self, output, shape):
        graph = helper.make_graph(self.nodes, "model", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                                  [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def cnn():
    b = Builder()
    x = b.node("MaxPool", [b.node("Relu", [b.node("Conv", ["x", b.weight(32, 1, 3, 3), b.weight(32)])])],
               kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Relu", [b.node("Gemm", [b.node("Flatten", [x]), b.weight(13 * 13 * 32, 128), b.weight(128)])])
    return b.session(b.node("Softmax", [b.node("Gemm", [x, b.weight(128, 10), b.weight(10)])]), [1, 1, 28, 28])


def sequence():
    b = Builder()
    steps_first = b.node("Transpose", ["x"], perm=[1, 0, 2])
    x = b.node("LSTM", [steps_first, b.weight(1, 256, 10), b.weight(1, 256, 64), b.weight(1, 512)], hidden_size=64)
    x = b.node("Squeeze", [x, b.constant(np.array([1], np.int64))])
    x = b.node("Relu", [b.node("Add", [b.node("MatMul", [x, b.weight(64, 64)]), b.weight(64)])])
    x = b.node("Softmax", [b.node("Add", [b.node("MatMul", [x, b.weight(64, 10)]), b.weight(10)])])
    return b.session(b.node("Transpose", [x], perm=[1, 0, 2]), [1, 50, 10])


def inference(make, x):
    def build():
        session = make()
        return lambda: session.run(None, {"x": x})
    return build


serve({
    "cnn_latency": lambda: inference(cnn, images(1).reshape(1, 1, 28, 28)),
    "lstm_latency": lambda: inference(sequence, sequences(1, 50, 10)),
})
