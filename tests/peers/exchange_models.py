"""The models that weft exchanges with Keras: each layer and option at least once, as functions of the Keras they are
made with (keras, or tf_keras)."""
import numpy as np


def cases(k):
    """Yields (name, model, dtype of the inputs' numbers); k is the module. A name is the same model in either Keras."""
    L, three = k.layers, k.__name__ == "keras"
    r = k.regularizers

    def chain(name, shape, *layers, **options):
        return name, k.Sequential([k.Input(shape, **options), *layers], name=name), None

    def tokens(name, shape, *layers):
        return name, k.Sequential([k.Input(shape, dtype="int32"), *layers], name=name), "int"

    def graph(name, inputs, outputs):
        return name, k.Model(inputs, outputs, name=name), None

    # --- dense ---
    yield chain("dense_plain", (5,), L.Dense(3))
    yield chain("dense_no_bias", (5,), L.Dense(3, use_bias=False))
    yield chain("dense_on_steps", (4, 5), L.Dense(3, activation="tanh"), L.Dense(2))
    activations = ["relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "exponential",
                   "hard_sigmoid", "swish", "gelu", "linear"]
    activations += ["relu6", "leaky_relu", "log_softmax", "silu", "mish", "hard_silu"] if three else ["mish"]
    for activation in activations:
        yield chain("dense_" + activation, (5,), L.Dense(4, activation=activation), L.Dense(2))
    yield chain("dense_initializers", (5,), L.Dense(4, kernel_initializer="he_normal", bias_initializer="ones"),
                L.Dense(3, kernel_initializer=k.initializers.RandomNormal(0, 0.1)),
                L.Dense(3, kernel_initializer=k.initializers.Orthogonal(0.5)), L.Dense(2, kernel_initializer="lecun_uniform"))
    yield chain("dense_regularizers", (5,), L.Dense(4, kernel_regularizer=r.L2(0.01), bias_regularizer=r.L1(0.02)),
                L.Dense(3, kernel_regularizer=r.L1L2(0.01, 0.02), activity_regularizer=r.L2(0.1)), L.Dense(2))
    yield chain("dense_constraints", (5,), L.Dense(4, kernel_constraint=k.constraints.MaxNorm(2), bias_constraint="non_neg"),
                L.Dense(2))
    # --- activation layers ---
    yield chain("activation_layers", (6,), L.Activation("tanh"), L.ReLU(), L.Dense(4), L.LeakyReLU(), L.ELU(0.7), L.Softmax())
    yield chain("relu_options", (6,), L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2))
    yield chain("prelu", (5, 3), L.PReLU(), L.PReLU(shared_axes=[1]))
    yield chain("softmax_axis", (5, 3), L.Softmax(axis=1))
    # --- noise and dropout ---
    yield chain("dropouts", (6,), L.Dropout(0.5), L.GaussianNoise(0.3), L.GaussianDropout(0.2), L.AlphaDropout(0.1), L.Dense(2))
    yield chain("spatial_dropout1d", (4, 3), L.SpatialDropout1D(0.3), L.Flatten(), L.Dense(2))
    yield chain("spatial_dropout2d", (4, 4, 3), L.SpatialDropout2D(0.3), L.Flatten(), L.Dense(2))
    # --- shapes ---
    yield chain("reshape_permute", (4, 6), L.Reshape((2, -1)), L.Permute((2, 1)), L.Flatten(), L.RepeatVector(3), L.Dense(2))
    yield chain("pad_crop_1d", (6, 2), L.ZeroPadding1D((1, 2)), L.Cropping1D((2, 1)), L.UpSampling1D(2))
    yield chain("pad_crop_2d", (6, 5, 2), L.ZeroPadding2D(((1, 2), (0, 1))), L.Cropping2D(((2, 1), (1, 0))), L.UpSampling2D((2, 1)))
    yield chain("upsampling_bilinear", (4, 3, 2), L.UpSampling2D(2, interpolation="bilinear"))
    # --- convolutions ---
    yield chain("conv1d", (9, 3), L.Conv1D(4, 3, activation="relu"), L.Conv1D(2, 2, strides=2, padding="same"))
    yield chain("conv1d_causal", (9, 3), L.Conv1D(4, 3, padding="causal"), L.Conv1D(2, 2, padding="causal", dilation_rate=2))
    yield chain("conv2d", (8, 7, 3), L.Conv2D(4, 3, activation="relu"), L.Conv2D(2, (2, 1), strides=(2, 1), padding="same", use_bias=False))
    yield chain("conv2d_dilated", (9, 9, 2), L.Conv2D(3, 3, dilation_rate=2), L.Flatten(), L.Dense(2))
    yield chain("conv2d_groups", (6, 6, 4), L.Conv2D(6, 3, groups=2, padding="same"))
    yield chain("conv2d_transpose", (4, 5, 3), L.Conv2DTranspose(2, 3, strides=2), L.Conv2DTranspose(3, 2, padding="same", strides=2))
    yield chain("depthwise", (7, 7, 3), L.DepthwiseConv2D(3, depth_multiplier=2), L.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False))
    yield chain("separable", (7, 7, 3), L.SeparableConv2D(4, 3, depth_multiplier=2, padding="same", activation="relu"))
    yield chain("separable1d", (9, 3), L.SeparableConv1D(4, 3, padding="same"))
    # --- pooling ---
    yield chain("pool1d", (9, 3), L.MaxPooling1D(2), L.AveragePooling1D(2, strides=1, padding="same"))
    yield chain("pool2d_max", (9, 7, 3), L.MaxPooling2D(), L.MaxPooling2D((3, 2), strides=1, padding="same"))
    yield chain("pool2d_average", (9, 7, 3), L.AveragePooling2D(2), L.AveragePooling2D((3, 2), strides=2, padding="same"))
    yield chain("global_average1d", (5, 3), L.GlobalAveragePooling1D())
    yield chain("global_max1d", (5, 3), L.GlobalMaxPooling1D())
    yield chain("global_average2d", (5, 4, 3), L.GlobalAveragePooling2D())
    yield chain("global_max2d", (5, 4, 3), L.GlobalMaxPooling2D(keepdims=True))
    # --- normalization ---
    yield chain("batch_norm", (6,), L.Dense(4), L.BatchNormalization(), L.BatchNormalization(scale=False, momentum=0.9, epsilon=1e-2), L.BatchNormalization(center=False))
    yield chain("batch_norm_images", (5, 5, 3), L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(), L.GlobalAveragePooling2D(), L.Dense(2))
    yield chain("layer_norm", (6,), L.LayerNormalization(), L.LayerNormalization(scale=False, epsilon=1e-5))
    # --- sequences ---
    yield tokens("embedding", (6,), L.Embedding(11, 4), L.GlobalAveragePooling1D(), L.Dense(2))
    yield tokens("embedding_masked_lstm", (6,), L.Embedding(11, 4, mask_zero=True), L.LSTM(3), L.Dense(2))
    yield chain("simple_rnn", (5, 3), L.SimpleRNN(4, return_sequences=True), L.SimpleRNN(3, activation="relu", use_bias=False))
    yield chain("lstm", (5, 3), L.LSTM(4, return_sequences=True), L.LSTM(3))
    yield chain("lstm_options", (5, 3), L.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid", unit_forget_bias=False,
                                               go_backwards=True, dropout=0.2, recurrent_dropout=0.1))
    yield chain("gru", (5, 3), L.GRU(4, return_sequences=True), L.GRU(3, reset_after=False))
    yield chain("bidirectional_concat", (5, 3), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Bidirectional(L.GRU(3)))
    yield chain("bidirectional_sum", (5, 3), L.Bidirectional(L.SimpleRNN(4), merge_mode="sum"))
    yield chain("bidirectional_backward", (5, 3), L.Bidirectional(L.LSTM(4), merge_mode="ave", backward_layer=L.LSTM(4, go_backwards=True)))
    yield chain("masking", (5, 3), L.Masking(0.0), L.LSTM(4), L.Dense(2))
    yield chain("time_distributed", (4, 5), L.TimeDistributed(L.Dense(3, activation="relu")), L.TimeDistributed(L.Dense(2)))
    yield chain("time_distributed_images", (3, 6, 6, 2), L.TimeDistributed(L.Conv2D(2, 3)), L.TimeDistributed(L.Flatten()), L.LSTM(3))
    yield chain("any_length", (None, 3), L.LSTM(4, return_sequences=True), L.Dense(2))
    # --- regularizers and constraints of weights other than Dense's ---
    c = k.constraints
    weights = {"kernel_regularizer": r.L2(0.01), "recurrent_regularizer": r.L1(0.02), "bias_regularizer": r.L1L2(0.03, 0.04),
               "kernel_constraint": c.MaxNorm(2), "recurrent_constraint": c.UnitNorm(axis=1), "bias_constraint": "non_neg"}
    yield tokens("embedding_regularized", (6,), L.Embedding(11, 4, embeddings_regularizer=r.L2(0.01), embeddings_constraint="unit_norm",
                                                            activity_regularizer=r.L1(0.02)), L.Flatten(), L.Dense(2))
    yield chain("lstm_regularized", (5, 3), L.LSTM(4, activity_regularizer=r.L2(0.05), return_sequences=True, **weights), L.LSTM(3, **weights))
    yield chain("gru_regularized", (5, 3), L.GRU(4, activity_regularizer=r.L1(0.05), return_sequences=True, **weights),
                L.GRU(3, reset_after=False, **weights))
    yield chain("simple_rnn_regularized", (5, 3), L.SimpleRNN(4, **weights))
    yield chain("bidirectional_regularized", (5, 3), L.Bidirectional(L.LSTM(4, activity_regularizer=r.L2(0.05), **weights)))
    yield chain("cells_regularized", (5, 3), L.RNN([L.LSTMCell(4, **weights), L.GRUCell(3, **weights), L.SimpleRNNCell(2, **weights)]))
    yield chain("conv_regularized", (6, 6, 3),
                L.DepthwiseConv2D(2, depthwise_regularizer=r.L2(0.01), bias_regularizer=r.L1(0.02), depthwise_constraint="non_neg"),
                L.SeparableConv2D(3, 2, depthwise_regularizer=r.L2(0.01), pointwise_regularizer=r.L1(0.03), activity_regularizer=r.L2(0.04)),
                L.Conv2DTranspose(2, 2, kernel_regularizer=r.L1(0.01), bias_constraint=c.MaxNorm(1)),
                L.BatchNormalization(beta_regularizer=r.L2(0.01), gamma_regularizer=r.L1(0.02), gamma_constraint="non_neg"),
                L.LayerNormalization(beta_regularizer=r.L2(0.03), gamma_constraint=c.MaxNorm(2)),
                L.PReLU(alpha_regularizer=r.L2(0.05), alpha_constraint="non_neg"))
    # --- graphs ---
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    yield graph("merges", [a, b], L.Concatenate()([L.Add()([a, b]), L.Multiply()([a, b]), L.Subtract()([a, b]),
                                                   L.Average()([a, b]), L.Maximum()([a, b]), L.Minimum()([a, b])]))
    a, b = k.Input((4,), name="left"), k.Input((4,), name="right")
    shared = L.Dense(3, activation="tanh", name="shared")
    yield graph("siamese", [a, b], L.Dense(1)(L.Subtract()([shared(a), shared(b)])))
    x = k.Input((5,), name="x")
    h = L.Dense(4, activation="relu")(x)
    yield graph("two_outputs", x, [L.Dense(2, name="first")(h), L.Dense(1, name="second")(L.Dense(3)(h))])
    x = k.Input((6, 6, 3))
    y = L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(x))
    z = L.Conv2D(4, 1)(x)
    yield graph("residual", x, L.Dense(2)(L.GlobalAveragePooling2D()(L.ReLU()(L.Add()([y, z])))))
    inner = k.Sequential([k.Input((4,)), L.Dense(3, activation="relu"), L.BatchNormalization()], name="inner")
    yield chain("nested_sequential", (4,), inner, L.Dense(2))
    x = k.Input((4,))
    nested = k.Model(x, L.Dense(4, activation="tanh")(L.Dense(3)(x)), name="block")
    x = k.Input((4,))
    yield graph("nested_twice", x, L.Dense(2)(nested(L.Dense(4)(nested(x)))))
    x = k.Input((5, 3))
    sequence, h, c = L.LSTM(4, return_sequences=True, return_state=True)(x)
    yield graph("encoder_decoder", x, L.LSTM(4)(sequence, initial_state=[h, c]))
    x = k.Input((4,))
    frozen = L.Dense(3, name="frozen")
    frozen.trainable = False
    yield graph("frozen", x, L.Dense(2)(frozen(x)))
    # --- deep ---
    yield chain("deep_mlp", (8,), *[L.Dense(8, activation="relu") for _ in range(20)])
    yield chain("deep_cnn", (12, 12, 2), *[L.Conv2D(4, 3, padding="same", activation="relu") for _ in range(8)], L.Flatten(), L.Dense(3, activation="softmax"))


def inputs_of(model, kind, seed=0):
    rng = np.random.default_rng(seed)
    shapes = [tuple(7 if n is None else n for n in i.shape[1:]) for i in model.inputs]
    if kind == "int":
        return [rng.integers(0, 11, (3, *shape)).astype("int32") for shape in shapes]
    return [rng.uniform(-1, 1, (3, *shape)).astype("float32") for shape in shapes]


def set_weights(model, seed=1):
    """Values that show every mistake: no zeros, no ones, and positive where it is a variance."""
    rng = np.random.default_rng(seed)
    values = []
    for weight in model.weights:
        value = rng.normal(0, 0.4, tuple(weight.shape)).astype("float32")
        name = getattr(weight, "path", weight.name)
        values.append(np.abs(value) + 0.2 if "variance" in name else value)
    model.set_weights(values)
