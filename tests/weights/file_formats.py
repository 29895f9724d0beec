"""Weights files as bytes, rightly and wrongly made, for make_fixtures.py.

Pickles are emitted opcode by opcode, so that the fixtures do not depend on what some version of torch writes, and hostile ones
can be made at all.
"""
import io
import json
import struct
import warnings
import zipfile

import numpy

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"f32": "FloatStorage", "f64": "DoubleStorage", "f16": "HalfStorage", "bf16": "BFloat16Storage",
            "i8": "CharStorage", "i16": "ShortStorage", "i32": "IntStorage", "i64": "LongStorage", "u8": "ByteStorage",
            "bool": "BoolStorage"}
NUMPY = {"f32": "<f4", "f64": "<f8", "f16": "<f2", "i8": "i1", "i16": "<i2", "i32": "<i4", "i64": "<i8", "u8": "u1",
         "bool": "?"}


# --- Pickles -------------------------------------------------------------------------------------------------------------


class Global:
    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    def __init__(self, function, *arguments, state=None, items=None):
        self.function, self.arguments, self.state, self.items = function, arguments, state, items


class PersistentId:
    def __init__(self, value):
        self.value = value


class Raw(bytes):
    """Opcodes as they are."""


ORDERED_DICT = Global("collections", "OrderedDict")
REBUILD = Global("torch._utils", "_rebuild_tensor_v2")


def emit(value, protocol=2):
    """The opcodes that leave `value` on the stack."""
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        if 0 <= value < 256:
            return b"K" + struct.pack("<B", value)
        if 0 <= value < 65536:
            return b"M" + struct.pack("<H", value)
        if -2**31 <= value < 2**31:
            return b"J" + struct.pack("<i", value)
        digits = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + struct.pack("<B", len(digits)) + digits
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return (b"\x8c" + struct.pack("<B", len(text)) if protocol >= 4 else b"X" + struct.pack("<I", len(text))) + text
    if isinstance(value, tuple):
        parts = b"".join(emit(v, protocol) for v in value)
        return {0: b")", 1: parts + b"\x85", 2: parts + b"\x86", 3: parts + b"\x87"}.get(len(value), b"(" + parts + b"t")
    if isinstance(value, list):
        return b"](" + b"".join(emit(v, protocol) for v in value) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(emit(k, protocol) + emit(v, protocol) for k, v in value.items()) + b"u"
    if isinstance(value, Global):
        if protocol >= 4:
            return emit(value.module, 4) + emit(value.name, 4) + b"\x93"
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, PersistentId):
        return emit(value.value, protocol) + b"Q"
    assert isinstance(value, Call)
    code = emit(value.function, protocol) + emit(tuple(value.arguments), protocol) + b"R"
    if value.items is not None:
        code += b"(" + b"".join(emit(k, protocol) + emit(v, protocol) for k, v in value.items) + b"u"
    if value.state is not None:
        code += emit(value.state, protocol) + b"b"
    return code


def pickled(value, protocol=2):
    code = emit(value, protocol) + b"."
    if protocol >= 4:
        code = b"\x95" + struct.pack("<Q", len(code)) + code
    return b"\x80" + bytes([protocol]) + code


# --- Checkpoints ---------------------------------------------------------------------------------------------------------


class Storage:
    def __init__(self, key, dtype, data):
        self.key, self.dtype, self.data = key, dtype, data
        self.count = len(data) // (2 if dtype == "bf16" else numpy.dtype(NUMPY[dtype]).itemsize)


def storage_id(storage, legacy=True, count=None, kind=None, view=None):
    parts = ("storage", Global("torch", kind or STORAGES[storage.dtype]), storage.key, "cpu",
             storage.count if count is None else count)
    return PersistentId(parts + (view,) if legacy else parts)


def tensor(storage, size, stride, offset=0, **how):
    return Call(REBUILD, storage_id(storage, **how), offset, tuple(size), tuple(stride), False, Call(ORDERED_DICT))


def dense_strides(shape):
    strides = [1]
    for extent in reversed(shape[1:]):
        strides.insert(0, strides[0] * max(extent, 1))
    return strides[:len(shape)]


def legacy_file(state, storages, magic=MAGIC, version=1001, little=True, keys=None, counts=None, protocol=2, tail=b""):
    facts = {"protocol_version": 1001, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    file = b"".join(pickled(v, protocol) for v in (magic, version, facts, state))
    file += pickled([s.key for s in storages] if keys is None else keys, protocol)
    for i, storage in enumerate(storages):
        file += struct.pack("<q", storage.count if counts is None else counts[i]) + storage.data
    return file + tail


def zipped(members, compressed=False):
    """An archive as bytes, of pairs of a name and data."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, data in members:
            with warnings.catch_warnings():  # it warns of names that come twice
                warnings.simplefilter("ignore")
                archive.writestr(zipfile.ZipInfo(name), data, archive.compression)
    return file.getvalue()


def zip_file(state, storages, protocol=2, compressed=False, byteorder=b"little", pickle_tail=b"", folder="archive"):
    members = [(f"{folder}/data.pkl", pickled(state, protocol) + pickle_tail), (f"{folder}/byteorder", byteorder)]
    members += [(f"{folder}/data/{s.key}", s.data) for s in storages]
    return zipped(members + [(f"{folder}/version", b"3\n")], compressed)


# --- Safetensors and npz -------------------------------------------------------------------------------------------------


def safetensors_file(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return struct.pack("<Q", len(text)) + text + data


def npy(array):
    file = io.BytesIO()
    numpy.lib.format.write_array(file, numpy.asarray(array), version=(1, 0))
    return file.getvalue()
