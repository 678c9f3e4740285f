"""Operators of TensorFlow that compute on tensors in memory: what a SavedModel's graph may hold."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ARITHMETIC = _names(
    """
    Abs Acos Acosh Add AddN AddV2 All Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan Atan2 Atanh
    BatchMatMul BatchMatMulV2 BatchMatMulV3 BesselI0e BesselI1e Betainc Bincount BitwiseAnd BitwiseOr
    BitwiseXor Bucketize Cast Ceil Cholesky ClipByValue Complex ComplexAbs Conj Cos Cosh Cross Cumprod
    Cumsum CumulativeLogsumexp DenseBincount Digamma Div DivNoNan Einsum Equal Erf Erfc Erfinv Exp Expm1
    Floor FloorDiv FloorMod Greater GreaterEqual Igamma Igammac Imag Inv Invert IsFinite IsInf IsNan
    LeftShift Less LessEqual Lgamma LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr MatMul
    MatrixDeterminant MatrixInverse MatrixSolve Max Maximum Mean Min Minimum Mod Mul MulNoNan Ndtri Neg
    NotEqual Pow Prod Real RealDiv Reciprocal RightShift Rint Round Rsqrt Sigmoid Sign Sin Sinh Sqrt
    Square SquaredDifference Sub Sum Tan Tanh TopK TopKV2 TruncateDiv TruncateMod Xdivy Xlog1py Xlogy Zeta
    """
)
_SHAPES = _names(
    """
    BatchToSpace BatchToSpaceND BroadcastArgs BroadcastTo CheckNumerics Concat ConcatOffset ConcatV2 Const
    Diag DiagPart DynamicPartition DynamicStitch EnsureShape ExpandDims Fill Gather GatherNd GatherV2
    GuaranteeConst HostConst Identity IdentityN InvertPermutation ListDiff LowerBound MatrixBandPart
    MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag
    MatrixSetDiagV2 MatrixSetDiagV3 MirrorPad OneHot OnesLike Pack Pad PadV2 ParallelDynamicStitch
    Placeholder PlaceholderV2 PlaceholderWithDefault PreventGradient Range Rank Reshape Reverse
    ReverseSequence ReverseV2 Roll ScatterNd ScatterNdNonAliasingAdd SegmentMax SegmentMean SegmentMin
    SegmentProd SegmentSum Select SelectV2 Shape ShapeN Size Slice Snapshot SpaceToBatch SpaceToBatchND
    Split SplitV Squeeze StopGradient StridedSlice TensorScatterAdd TensorScatterMax TensorScatterMin
    TensorScatterSub TensorScatterUpdate Tile Transpose Unique UniqueV2 UniqueWithCounts Unpack
    UnravelIndex UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum UpperBound
    Where ZerosLike
    """
)
_NETWORKS = _names(
    """
    AdjustContrastv2 AdjustHue AdjustSaturation AvgPool AvgPool3D BiasAdd BiasAddV1
    CombinedNonMaxSuppression Conv2D Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 CropAndResize
    CudnnRNNV3 DepthToSpace DepthwiseConv2dNative Dilation2D Elu ExtractImagePatches FFT FFT2D
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel FusedBatchNorm
    FusedBatchNormV2 FusedBatchNormV3 HSVToRGB IFFT IFFT2D ImageProjectiveTransformV2
    ImageProjectiveTransformV3 InTopK InTopKV2 IRFFT L2Loss LRN LeakyRelu LogSoftmax MaxPool MaxPool3D
    MaxPoolV2 MaxPoolWithArgmax NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3
    NonMaxSuppressionV4 NonMaxSuppressionV5 QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
    QuantizeAndDequantizeV4 RFFT RFFT2D RGBToHSV Relu Relu6 ResizeArea ResizeBicubic ResizeBilinear
    ResizeNearestNeighbor Selu Softmax Softplus Softsign SoftmaxCrossEntropyWithLogits SpaceToDepth
    SparseSoftmaxCrossEntropyWithLogits
    """
)
_CONTROL = _names(
    """
    Assert Case Enter Exit If LoopCond Merge NextIteration NoOp PartitionedCall RefEnter RefExit RefMerge
    RefSwitch StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile Switch While
    """
)
_STATE = _names(
    """
    Assign AssignAddVariableOp AssignSubVariableOp AssignVariableOp DestroyResourceOp EmptyTensorList
    IsVariableInitialized ReadVariableOp ResourceGather ResourceGatherNd TensorListConcatV2
    TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
    TensorListPopBack TensorListPushBack TensorListReserve TensorListResize TensorListScatterV2
    TensorListSetItem TensorListStack TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3
    TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArrayV3 TensorArrayWriteV3 VarHandleOp
    VarIsInitializedOp Variable VariableShape VariableV2
    """
)
_TABLES_AND_TEXT = _names(
    """
    AsString DecodeBase64 HashTable HashTableV2 LookupTableExportV2 LookupTableFindV2 LookupTableImportV2
    LookupTableSizeV2 MutableHashTableV2 RaggedTensorToSparse RaggedTensorToTensor SparseReshape
    SparseSegmentMean SparseSegmentSum SparseTensorDenseMatMul SparseToDense StaticRegexReplace StringJoin
    StringLength StringLower StringSplitV2 StringStrip StringToHashBucketFast StringToNumber StringUpper
    """
)
_CHANCE = _names(
    """
    Multinomial RandomStandardNormal RandomUniform RandomUniformInt StatelessRandomGetKeyCounter
    StatelessRandomNormalV2 StatelessRandomUniformV2 StatelessTruncatedNormalV2 TruncatedNormal
    """
)
COMPUTING = _ARITHMETIC | _SHAPES | _NETWORKS | _CONTROL | _STATE | _TABLES_AND_TEXT | _CHANCE
SAVING = frozenset(
    {
        "DisableCopyOnRead",
        "MergeV2Checkpoints",
        "RestoreV2",
        "SaveV2",
        "ShardedFilename",
        "StaticRegexFullMatch",
    }
)
"""What TensorFlow adds to each SavedModel for saving it again: never a part of what answers."""
