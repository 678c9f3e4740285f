"""What a Keras file may ask for: Keras's own classes and functions that compute on tensors and nothing else.

Left out on purpose, since they run code or open files: Lambda, TorchModuleWrapper, JaxLayer, FlaxLayer,
TFSMLayer, TensorFlowOpLayer, and every custom class.
"""

TENSORFLOW = "tensorflow"
"""The environment for what torch does not do."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BY_RANK = """
AdaptiveAveragePooling AdaptiveMaxPooling AveragePooling AvgPool Conv ConvLSTM Convolution Cropping
DepthwiseConv GlobalAveragePooling GlobalAvgPool GlobalMaxPool GlobalMaxPooling MaxPool MaxPooling
SeparableConv SeparableConvolution SpatialDropout UpSampling ZeroPadding
"""
MODELS = frozenset({"Functional", "Model", "Sequential"})
RECURRENT = frozenset(
    {"Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNGRU", "CuDNNLSTM", "GRU", "LSTM"}
    | {"RNN", "SimpleRNN"}
)
OF_TENSORFLOW = frozenset({"HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"})
"""Layers that Keras computes with TensorFlow on every backend."""

LAYERS = (
    MODELS
    | RECURRENT
    | OF_TENSORFLOW
    | {"CategoryEncoding", "Discretization"}
    | {f"{name}{rank}D" for name in _BY_RANK.split() for rank in (1, 2, 3)}
    | {f"{name}{rank}DTranspose" for name in ("Conv", "Convolution") for rank in (1, 2, 3)}
    | _names(
        """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
    BatchNormalization BatchNormalizationV1 BatchNormalizationV2 CenterCrop Concatenate Dense Dot
    Dropout ELU EinsumDense Embedding Flatten GaussianDropout GaussianNoise GRUCell GroupNormalization
    GroupQueryAttention GroupedQueryAttention Identity InputLayer LSTMCell LayerNormalization LeakyReLU
    Masking Maximum MelSpectrogram Minimum MultiHeadAttention Multiply Normalization PReLU Permute
    RMSNormalization RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight RandomRotation
    RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    ReversibleEmbedding STFTSpectrogram SimpleRNNCell Softmax SpectralNormalization StackedRNNCells
    Subtract SyncBatchNormalization ThresholdedReLU TimeDistributed UnitNormalization
    """
    )
)
# Operators between layers of a Keras 3 model: classes of keras.src.ops.
_OPERATIONS = _names(
    """
    Abs Absolute Add All Amax Amin Any Append Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh
    Argmax Argmin Argsort Average BroadcastTo Cast Ceil Clip Concatenate Copy Cos Cosh CumSum Cumprod
    Cumsum DepthToSpace Diagonal Diff Divide DivideNoNan Dot Einsum Elu Equal Erf Exp ExpandDims Expm1
    Flip Floor FloorDivide FullLike Gelu GetItem Greater GreaterEqual HardSigmoid HardSilu HardTanh
    Isfinite Isinf Isnan LayerNorm LeakyRelu Less LessEqual Log Log10 Log1p Log2 LogSigmoid LogSoftmax
    Logaddexp LogicalAnd LogicalNot LogicalOr LogicalXor Logsumexp Matmul Max Maximum Mean Min Minimum
    Mod Moveaxis Multiply NanToNum Negative Norm Normalize NotEqual OneHot OnesLike Outer Pad Power Prod
    RMSNorm Ravel Reciprocal Relu Relu6 Repeat Reshape Resize RGBToGrayscale Roll Round Rsqrt
    SaturateCast Selu Sigmoid Sign Silu Sin Sinh Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt
    Square Squeeze Stack Std StopGradient Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot
    Tile TopK Transpose Tril Triu TrueDivide Unstack Var Where ZerosLike
    """
)
ACTIVATIONS = _names(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
    linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
    softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """
)
_INITIALIZERS = _names(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal
    LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer
    TruncatedNormal VarianceScaling Zeros
    """
)
_REGULARIZERS = frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"})
_CONSTRAINTS = frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "RadialConstraint"})
# A model within a model brings the settings that it was trained with.
_OPTIMIZERS = _names(
    """
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam RMSprop SGD
    """
)
_SCORES = _names(
    """
    AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryFocalCrossentropy CategoricalAccuracy
    CategoricalCrossentropy CategoricalFocalCrossentropy CosineSimilarity F1Score Hinge Huber
    KLDivergence LogCosh Mean MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
    MeanSquaredLogarithmicError Poisson Precision R2Score Recall RootMeanSquaredError
    SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
    TopKCategoricalAccuracy
    """
)
_POLICIES = frozenset({"DTypePolicy", "FloatDTypePolicy", "Policy", "DTypePolicyMap"})
# How values of Python itself are written.
VALUES = frozenset(
    {"__tuple__", "__ellipsis__", "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__slice__"}
)
CLASSES = LAYERS | _INITIALIZERS | _REGULARIZERS | _CONSTRAINTS | _POLICIES
"""What may be asked for without saying where it is, as Keras 2 and .h5 files do."""

_OPS = "keras.src.ops."
BY_MODULE: dict[str, frozenset[str]] = {
    "keras": MODELS | _POLICIES,
    "keras.models": MODELS,
    "keras.layers": LAYERS,
    "keras.initializers": _INITIALIZERS,
    "keras.regularizers": _REGULARIZERS,
    "keras.constraints": _CONSTRAINTS,
    "keras.dtype_policies": _POLICIES,
    "keras.mixed_precision": _POLICIES,
    "keras.optimizers": _OPTIMIZERS,
    "keras.losses": _SCORES,
    "keras.metrics": _SCORES,
    "keras.ops": _OPERATIONS,
    **{f"{_OPS}{part}": _OPERATIONS for part in ("core", "image", "linalg", "math", "nn", "numpy")},
}
FUNCTION_MODULES = frozenset({"keras.activations", "builtins", "keras.ops"})

# Functions of TensorFlow between layers of a Keras 2 model (TFOpLambda), as Keras 2 names them.
TENSORFLOW_FUNCTIONS = _names(
    """
    __operators__.add __operators__.getitem __operators__.eq __operators__.ne cast clip_by_value concat
    convert_to_tensor compat.v1.gather compat.v1.shape compat.v1.transpose expand_dims gather identity
    linalg.matmul linalg.l2_normalize math.abs math.add math.argmax math.argmin math.cos math.divide
    math.divide_no_nan math.equal math.erf math.exp math.floor math.floordiv math.greater
    math.greater_equal math.l2_normalize math.less math.less_equal math.log math.log1p math.log_sigmoid
    math.logical_and math.logical_not math.logical_or math.maximum math.minimum math.multiply
    math.negative math.not_equal math.pow math.reciprocal math.reduce_all math.reduce_any
    math.reduce_max math.reduce_mean math.reduce_min math.reduce_prod math.reduce_std math.reduce_sum
    math.reduce_variance math.rsqrt math.sigmoid math.sign math.sin math.softplus math.sqrt math.square
    math.squared_difference math.subtract math.tanh math.top_k math.truediv nn.avg_pool nn.bias_add
    nn.conv2d nn.depthwise_conv2d nn.elu nn.gelu nn.l2_normalize nn.leaky_relu nn.log_softmax
    nn.max_pool nn.moments nn.relu nn.relu6 nn.selu nn.sigmoid nn.silu nn.softmax nn.softplus
    nn.softsign nn.space_to_depth nn.depth_to_space nn.swish nn.tanh one_hot ones_like pad repeat
    reshape reverse shape slice split squeeze stack strided_slice image.resize tile transpose unstack
    where zeros_like
    """
)
