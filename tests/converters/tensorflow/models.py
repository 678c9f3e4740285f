"""Models that only TensorFlow makes, written by a child process in TensorFlow's own environment."""

import subprocess
import textwrap
from functools import cache
from pathlib import Path

from packager import environments, recipes
from packager.environments import Environment

MAKING = """
import os, sys
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf
import tf_keras as keras

folder = sys.argv[1]
layers = keras.layers
keras.utils.set_random_seed(0)
words, more = keras.Input((6,), name="words"), keras.Input((4,), name="more")
seen = layers.Embedding(7, 4, mask_zero=True)(words)
seen = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(seen)
seen = layers.Concatenate()([layers.GRU(3)(seen), layers.Dense(2, activation="gelu")(more)])
kind, size = layers.Dense(3, activation="softmax", name="kind")(seen), layers.Dense(1, name="size")(seen)
keras.Model([words, more], [kind, size]).save(f"{folder}/two_sided.h5")

steps = keras.Input((None, 3), name="steps")
keras.Model(steps, layers.LSTM(4, return_sequences=True)(steps * 2 - 1)).save(f"{folder}/free.h5")

image = keras.Sequential([
    keras.Input((8, 8, 1), name="image"), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(),
    layers.Dropout(0.5), layers.Dense(3, activation="softmax", name="kind"),
])
image.save(f"{folder}/image.h5")
image.save(f"{folder}/image_2.keras")
tf.saved_model.save(image, f"{folder}/image")

class Several(tf.Module):
    def __init__(self):
        self.weights = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    @tf.function
    def answer(self, rows, places):
        return {"scores": tf.math.erfc(tf.matmul(rows, self.weights)), "total": tf.reduce_sum(places, axis=1)}

def read(rows):
    return rows + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)

def write(rows):
    with tf.control_dependencies([tf.io.write_file(sys.argv[2], "it ran")]):
        return tf.identity(rows)

def restore(rows):
    wanted = {"prefix": "/tmp/x", "tensor_names": ["x"], "shape_and_slices": [""], "dtypes": [tf.float32]}
    return rows + tf.raw_ops.RestoreV2(**wanted)[0]

def call(rows):
    return tf.py_function(lambda given: given, [rows], tf.float32)

several = Several()
rows = tf.TensorSpec([None, 2], tf.float32, name="rows")
places = tf.TensorSpec([None, None], tf.int32, name="places")
answer = several.answer.get_concrete_function(rows, places)
tf.saved_model.save(several, f"{folder}/several", signatures=answer)
tf.saved_model.save(several, f"{folder}/two", signatures={"first": answer, "second": answer})
for function in (read, write, restore, call):
    hostile = tf.function(function).get_concrete_function(rows)
    tf.saved_model.save(tf.Module(), f"{folder}/{function.__name__}", signatures=hostile)
tf.saved_model.save(tf.Module(), f"{folder}/silent")
loaded = tf.saved_model.load(f"{folder}/write")
loaded.signatures["serving_default"](rows=tf.zeros([1, 2]))
assert os.path.exists(sys.argv[2]), "a SavedModel that writes a file wrote none"
os.remove(sys.argv[2])
"""


@cache
def tensorflow_environment() -> Environment:
    """Made once on a machine; TensorFlow and torch never share a process."""
    return environments.find(recipes.recipe("tensorflow"))


def make(folder: Path, canary: Path) -> None:
    program = folder / "making.py"
    program.write_text(textwrap.dedent(MAKING), encoding="utf-8")
    command = [str(tensorflow_environment().python), str(program), str(folder), str(canary)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
