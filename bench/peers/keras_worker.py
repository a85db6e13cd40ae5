"""Keras 3 on TensorFlow: the graph-mode step that its fit runs, with XLA or without (JIT=1 or 0), and fit itself."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from worker import THREADS, images, one_hot, sequences, serve

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)

import keras
from keras import layers

keras.utils.set_random_seed(1)
JIT = os.environ.get("JIT") == "1"


def cnn():
    return keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(32, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2)),
        layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.2), layers.Dense(10, activation="softmax")])


def sequence(features=10, units=64):
    return keras.Sequential([
        layers.Input((None, features)), layers.LSTM(units, return_sequences=True), layers.Dense(64, activation="relu"),
        layers.Dropout(0.2), layers.Dense(10, activation="softmax")])


def autoencoder():
    return keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"), layers.Flatten(),
        layers.Dense(32), layers.Dense(14 * 14 * 16, activation="relu"), layers.Reshape((14, 14, 16)),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")])


def resnet20():
    def convolved(x, channels, kernel, stride):
        return layers.BatchNormalization()(layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x))

    start = layers.Input((32, 32, 3))
    x, last = layers.ReLU()(convolved(start, 16, 3, 1)), 16
    for channels in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and channels > 16 else 1
            y = convolved(layers.ReLU()(convolved(x, channels, 3, stride)), channels, 3, 1)
            shortcut = convolved(x, channels, 1, stride) if stride != 1 or last != channels else x
            x, last = layers.ReLU()(layers.Add()([y, shortcut])), channels
    return keras.Model(start, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def mlp():
    return keras.Sequential([
        layers.Input((784,)), layers.Dense(4096, activation="relu"), layers.Dense(4096, activation="relu"),
        layers.Dense(10, activation="softmax")])


def training(make, x, y, loss="categorical_crossentropy"):
    """The compiled step on one batch, without fit's callbacks: Keras's own best case."""
    def build():
        model = make()
        model.compile("adam", loss, metrics=["accuracy"] if loss != "mse" else None, jit_compile=JIT)
        batches = tf.data.Dataset.from_tensors((tf.constant(x), tf.constant(y))).cache().repeat().prefetch(2)
        batch = iter(batches)
        train = model.make_train_function(force=True) or model.train_function

        def step():
            return train(batch)
        return step
    return build


def inference(make, x):
    def build():
        model = make()
        call = tf.function(lambda x: model(x, training=False), jit_compile=JIT)
        fixed = tf.constant(x)

        def step():
            return call(fixed).numpy()
        return step
    return build


def cnn_epoch():
    x, y = images(60000), one_hot(60000)

    def build():
        model = cnn()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=JIT)

        def step():
            model.fit(x, y, epochs=1, batch_size=32, verbose=0)
        return step
    return build


serve({
    "cnn_32": lambda: training(cnn, images(32), one_hot(32)),
    "cnn_256": lambda: training(cnn, images(256), one_hot(256)),
    "cnn_epoch": cnn_epoch,
    "lstm_64": lambda: training(sequence, sequences(32, 50, 10), one_hot((32, 50))),
    "lstm_512": lambda: training(lambda: sequence(512, 512), sequences(64, 100, 512), one_hot((64, 100))),
    "autoencoder": lambda: training(autoencoder, images(128), images(128), "mse"),
    "resnet20": lambda: training(resnet20, images(64, 32, 32, 3), one_hot(64)),
    "mlp": lambda: training(mlp, images(256).reshape(256, 784), one_hot(256)),
    "cnn_latency": lambda: inference(cnn, images(1)),
    "lstm_latency": lambda: inference(sequence, sequences(1, 50, 10)),
    "first_batch": lambda: training(cnn, images(32), one_hot(32)),
})
