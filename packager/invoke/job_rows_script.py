"""Runs in a job's environment, which has pyarrow: golden rows into files for the job, its answers back.

python job_rows_script.py write REQUEST     {"cases": FILE, "columns": [{"name", "tensor", …}], "files": […]}
python job_rows_script.py read REQUEST      {"folder", "answers": FILE}: every column as it stands
python job_rows_script.py preview REQUEST   {"folder", "answers": FILE, "rows": 5}: the first rows
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet


def write(request: dict[str, Any]) -> None:
    """The rows as one table, in every file that is asked for."""
    cases = json.loads(Path(request["cases"]).read_text(encoding="utf-8"))["cases"]
    tables = [_table(request, case["inputs"]) for case in cases]
    table = pa.concat_tables(tables)
    for name in request["files"]:
        if name.endswith(".csv"):
            pyarrow.csv.write_csv(table, name)
        else:
            pyarrow.parquet.write_table(table, name, row_group_size=request["rows_at_once"])


def _table(request: dict[str, Any], inputs: dict[str, Any]) -> pa.Table:
    missing = request["missing_text"]
    return pa.table({one["name"]: _column(one, inputs[one["tensor"]], missing) for one in request["columns"]})


def _column(asked: dict[str, Any], tensor: dict[str, Any], missing_text: str) -> pa.Array:
    values, (rows, *rest) = _values(tensor), tensor["shape"]
    if asked["place"] is None:
        for size in reversed(rest):
            values = pa.FixedSizeListArray.from_arrays(values, size)
        return values
    (width,) = rest or (1,)
    values = values.take(pa.array(range(asked["place"], rows * width, width), pa.int64()))
    if asked["nullable"]:
        values = _with_nulls(values, missing_text)
    return values.cast(asked["type"]) if asked["type"] else values


def _with_nulls(values: pa.Array, missing_text: str) -> pa.Array:
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if pa.types.is_string(values.type):
        return pc.if_else(pc.equal(values, missing_text), pa.scalar(None, pa.string()), values)
    return values


def _values(tensor: dict[str, Any]) -> pa.Array:
    if tensor["dtype"] == "string":
        return pa.array(tensor["data"], pa.string())
    data = pa.py_buffer(base64.b64decode(tensor["b64"]))
    if tensor["dtype"] == "bool":
        return pa.Array.from_buffers(pa.uint8(), data.size, [None, data]).cast(pa.bool_())
    type_ = pa.type_for_alias(tensor["dtype"])
    return pa.Array.from_buffers(type_, data.size // (type_.bit_width // 8), [None, data])


def read(request: dict[str, Any]) -> None:
    """Every column of the answers: values as JSON has them, and numbers to the bit."""
    files = sorted(Path(request["folder"]).glob("part-*.parquet"))
    table = pa.concat_tables([pyarrow.parquet.read_table(path) for path in files]).combine_chunks()
    columns = {name: _document(table[name].combine_chunks(), table.num_rows) for name in table.column_names}
    Path(request["answers"]).write_text(json.dumps({"rows": table.num_rows, "columns": columns}))


def _document(column: pa.Array, rows: int) -> dict[str, Any]:
    shape = [rows]
    while pa.types.is_fixed_size_list(column.type) or pa.types.is_list(column.type):
        shape.append(_length(column))
        column = column.flatten()
    kind = column.type
    if column.null_count or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return {"dtype": "string", "shape": shape, "data": column.to_pylist()}
    # A copy without an offset, so that the buffer is the values.
    buffer = pa.concat_arrays([column]).buffers()[1]
    size_bytes = len(column) * kind.bit_width // 8
    offset = column.offset * kind.bit_width // 8
    raw = buffer.to_pybytes()[offset : offset + size_bytes] if buffer else b""
    name = str(kind).replace("halffloat", "float16").replace("double", "float64")
    name = "float32" if name == "float" else name
    return {"dtype": name, "shape": shape, "b64": base64.b64encode(raw).decode()}


def _length(column: pa.Array) -> int:
    """That of every list of the column: a shape has one."""
    (length,) = set(pc.list_value_length(column).to_pylist()) or {0}
    return int(length)


def preview(request: dict[str, Any]) -> None:
    """The first rows of the first part, as objects."""
    found = sorted(Path(request["folder"]).glob("part-*"))
    for path in found:
        if path.suffix == ".parquet":
            table = next(pyarrow.parquet.ParquetFile(path).iter_batches(request["rows"]), None)
        else:
            with pa.ipc.open_file(path) as file:
                table = file.get_batch(0) if file.num_record_batches else None
        if table is not None and table.num_rows:
            rows = table.slice(0, request["rows"]).to_pylist()
            Path(request["answers"]).write_text(json.dumps(rows, default=str), encoding="utf-8")
            return
    Path(request["answers"]).write_text("[]")


if __name__ == "__main__":
    {"write": write, "read": read, "preview": preview}[sys.argv[1]](
        json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    )
