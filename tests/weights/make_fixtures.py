#!/usr/bin/env python3
"""Writes tests/weights/fixtures: one set of tensors in every format that is read, and files that must be refused.

  make_fixtures.py [FOLDER]

Needs numpy alone. The result is the same on every run.
"""
import json
import os
import struct
import sys

import numpy

from file_formats import (MAGIC, NUMPY, ORDERED_DICT, REBUILD, Call, Global, PersistentId, Raw, Storage, dense_strides, emit,
                          legacy_file, npy, pickled, safetensors_file, tensor, zip_file, zipped)


def values(dtype, count):
    """What the tests expect: 0.5 i - 1 in floating-point types, i + 1 in integers, true for even i in bools."""
    i = numpy.arange(count)
    if dtype == "bf16":
        return ((0.5 * i - 1).astype("<f4").view("<u4") >> 16).astype("<u2")
    if dtype == "bool":
        return i % 2 == 0
    return (i + 1 if dtype[0] in "iu" else 0.5 * i - 1).astype(NUMPY[dtype])


# name: (type, shape). In checkpoints `conv.weight` is stored channels last; `tied.a`, `tied.b` and `tail`, its elements from
# the third on, share one storage.
SAMPLE = {
    "conv.weight": ("f32", (2, 3, 2, 2)), "conv.bias": ("f64", (2,)), "half": ("f16", (4,)), "brain": ("bf16", (4,)),
    "bn.num_batches_tracked": ("i64", ()), "mask": ("bool", (3,)), "bytes": ("u8", (3,)), "tiny": ("i8", (2,)),
    "short": ("i16", (2,)), "int": ("i32", (2, 1)), "empty": ("f32", (0, 3)), "tied.a": ("f32", (2, 4)),
    "tied.b": ("f32", (2, 4)), "tail": ("f32", (5,)),
}


def sample(name):
    dtype, shape = SAMPLE[name]
    if name == "tail":
        return values("f32", 8)[3:]
    return values(dtype, int(numpy.prod(shape, dtype=int))).reshape(shape)


def sample_state(legacy):
    """The sample's state dict and its storages."""
    storages, items = [], []
    for name, (dtype, shape) in SAMPLE.items():
        array = sample(name)
        strides, offset = dense_strides(shape), 0
        if name == "conv.weight":
            array = numpy.ascontiguousarray(array.transpose(0, 2, 3, 1))
            strides = [12, 1, 6, 3]
        if name in ("tied.b", "tail"):
            storage, offset = storages[-1], 3 if name == "tail" else 0
        else:
            storage = Storage(str(1000 + len(storages)) if legacy else str(len(storages)), dtype, array.tobytes())
            storages.append(storage)
        value = tensor(storage, shape, strides, offset, legacy=legacy)
        if name == "conv.bias":
            value = Call(Global("torch._utils", "_rebuild_parameter"), value, True, Call(ORDERED_DICT))
        items.append((name, value))
    metadata = Call(ORDERED_DICT, items=[("", {"version": 1})])
    return Call(ORDERED_DICT, items=items, state={"_metadata": metadata}), storages


def sample_safetensors():
    header, data = {"__metadata__": {"format": "pt", "größe": "a \"quoted\"\nline"}}, b""
    for name, (dtype, shape) in SAMPLE.items():
        part = sample(name).tobytes()
        header[name] = {"dtype": dtype.upper(), "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    return safetensors_file(header, data)


def sample_npz(compressed):
    return zipped([(name + ".npy", npy(sample(name))) for name in SAMPLE if name != "brain"], compressed)


def good():
    legacy, legacy_storages = sample_state(True)
    state, storages = sample_state(False)
    yield "sample.safetensors", sample_safetensors()
    yield "sample.npz", sample_npz(False)
    yield "sample_deflated.npz", sample_npz(True)
    yield "legacy.pt", legacy_file(legacy, legacy_storages)
    yield "legacy_nested.pt", legacy_file({"epoch": 3, "loss": 0.25, "model": {"state_dict": legacy}}, legacy_storages)
    yield "zip.pt", zip_file(state, storages)
    yield "zip_protocol4.pt", zip_file({"state_dict": state, "note": None}, storages, protocol=4, folder="model")
    yield "zip_deflated.pt", zip_file(state, storages, compressed=True)


# --- What must be refused: (name, content, a part of the error) ------------------------------------------------------------


def hostile_safetensors():
    def one(**fields):
        return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **fields}}

    data = bytes(8)
    yield "short", b"\x02\0\0\0\0\0\0\0{", "cut short"
    yield "header_beyond_file", struct.pack("<Q", 1000) + b"{}", "its header claims 1000 bytes, 2 follow"
    yield "header_over_limit", struct.pack("<Q", 2**63) + b"{}", "more than the 100000000 allowed"
    yield "not_json", safetensors_file(b'{"a": nonsense}'), "JSON, at byte"
    yield "bad_utf8", safetensors_file(b'{"a\xff": 1}'), "JSON, at byte"
    yield "text_after_json", safetensors_file(b"{} {}"), "JSON, at byte"
    yield "number_for_tensor", safetensors_file(b'{"a": 1}'), '"a" is 1, not an object'
    yield "list_for_tensor", safetensors_file(b'{"a": []}'), '"a" is a list, not an object'
    tensor_text = b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    yield "key_twice", safetensors_file(b"{" + tensor_text + b"," + tensor_text + b"}", data), 'the key "a" comes twice'
    yield "field_twice", safetensors_file(b"{" + tensor_text.replace(b"}", b',"dtype":"F32"}') + b"}",
                                          data), 'field "dtype" comes twice'
    yield "metadata_twice", safetensors_file(b'{"__metadata__":{"a":"b","a":"c"}}'), "__metadata__ comes twice"
    yield "metadata_number", safetensors_file(b'{"__metadata__":{"a":1}}'), "not a text"
    yield "field_missing", safetensors_file({"a": {"dtype": "F32", "shape": [2]}}, data), "are needed"
    yield "field_unknown", safetensors_file(one(code="x"), data), 'unknown field "code"'
    yield "dtype_unknown", safetensors_file(one(dtype="F8_E4M3"), data), '"F8_E4M3" is not supported'
    yield "dtype_number", safetensors_file(one(dtype=7), data), "7 in dtype"
    yield "offsets_reversed", safetensors_file(one(data_offsets=[8, 0]), data), "not within the 8 bytes"
    yield "offsets_outside", safetensors_file(one(data_offsets=[0, 12], shape=[3]), data), "not within the 8 bytes"
    yield "offsets_three", safetensors_file(one(data_offsets=[0, 8, 8]), data), "8 in data_offsets"
    yield "offsets_one", safetensors_file(one(data_offsets=[0]), data), "not a pair"
    yield "offsets_negative", safetensors_file(one(data_offsets=[-8, 0]), data), "-8 in data_offsets"
    yield "gap", safetensors_file(one(data_offsets=[4, 8], shape=[1]), data), "leaves a gap"
    second = {"b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}
    yield "overlap", safetensors_file({**one(), **second}, data), '"b" overlaps'
    yield "surplus_data", safetensors_file(one(), data + b"x"), "1 bytes behind the last tensor"
    yield "shape_too_small", safetensors_file(one(shape=[1]), data), "does not fill"
    yield "shape_overflow", safetensors_file(one(shape=[2**32, 2**32, 2]), data), "does not fill"
    yield "shape_beyond_signed", safetensors_file(one(shape=[2**63]), data), "a size of"
    yield "shape_negative", safetensors_file(one(shape=[-2]), data), "-2 in shape"
    yield "shape_float", safetensors_file(one(shape=[2.0]), data), "2.0 in shape"
    yield "shape_nested", safetensors_file(one(shape=[[2]]), data), "a list in shape"
    yield "shape_long", safetensors_file(one(shape=[1] * 65), data), "more than 64 axes"
    yield "name_empty", safetensors_file({"": one()["a"]}, data), "is empty"


def hostile_legacy():
    storage = Storage("7", "f32", bytes(24))
    good_tensor = tensor(storage, (2, 3), (3, 1))

    def file(value, storages=(storage,), **how):
        return legacy_file(value, list(storages), **how)

    def view(size, stride, offset=0, **how):
        return file({"a": tensor(storage, size, stride, offset, **how)})

    def raw(code):
        return file({"a": good_tensor, "b": Raw(code)})

    shell = Call(Global("os", "system"), "touch quern-was-here")
    yield "os_system", file({"a": good_tensor, "b": shell}), '"os.system"'
    yield "os_system_alone", pickled(shell), '"os.system"'
    yield "builtins_eval", file(Call(Global("builtins", "eval"), "1+1")), '"builtins.eval"'
    yield "global_long_name", raw(b"c" + b"x" * 2000 + b"\n"), "name does not end"
    yield "global_like_storage", raw(emit(Global("torch", "os.system.Storage"))), '"torch.os.system.Storage"'
    yield "whole_module", file(Call(Global("__main__", "Net"))), "save model.state_dict() alone"
    yield "storage_called", raw(emit(Call(Global("torch", "FloatStorage"), 10**9))), "torch.FloatStorage cannot be called"
    yield "text_called", raw(emit(Call("x", 1))), "a text cannot be called"
    yield "called_with_list", raw(emit(ORDERED_DICT) + b"]R"), "arguments are a list"
    yield "called_with_many", raw(emit(Call(REBUILD, *range(17)))), "a call has 17 arguments"
    yield "parameter_of_nothing", raw(emit(Call(Global("torch._utils", "_rebuild_parameter"), 1))), "not made of a tensor"
    yield "ordered_dict_of_items", raw(emit(Call(ORDERED_DICT, [1]))), "is made of arguments"
    yield "state_on_tensor", raw(emit(good_tensor) + b"}b"), "cannot take attributes"
    yield "opcode_newobj", raw(emit(ORDERED_DICT) + b")\x81"), "opcode 0x81 is not admitted"
    yield "opcode_inst", raw(b"(ios\nsystem\n"), "opcode 0x69 is not admitted"
    yield "opcode_ext", raw(b"\x82\x01"), "opcode 0x82 is not admitted"
    yield "memo_unknown", raw(b"h\x63"), "no entry 99"
    yield "memo_of_nothing", pickled(Raw(b"q\0")), "stack is empty"
    yield "mark_missing", raw(b"t" * 9), "a mark is missing"
    yield "mark_crossed", raw(b"(\x85"), "stack is empty"
    yield "key_without_value", file(Raw(b"}(" + emit("a") + b"u")), "a key has no value"
    yield "append_to_text", raw(emit("x") + b"Na"), "a text cannot take items"
    yield "left_over", file(Raw(b"NN")), "left over"
    yield "no_value", file(Raw(b"")), "stack is empty"
    yield "text_not_utf8", file(Raw(b"}X\x02\0\0\0\xff\xfeNs")), "not UTF-8"
    yield "text_huge", raw(b"X\xff\xff\xff\xff"), "cut short"
    yield "text_huger", raw(b"\x8d" + b"\xff" * 8), "cut short"
    yield "frame_false", raw(b"\x95" + b"\xff" * 8), "cut short"
    yield "protocol_0", b"\x80\x00" + pickled(MAGIC)[2:], "protocol 0 is not read"
    yield "persistent_number", raw(emit(PersistentId(1))), "a persistent id is a number"
    yield "persistent_other", file({"a": Call(REBUILD, PersistentId(("module", 1)), 0, (1,), (1,))}), "does not describe a storage"

    yield "magic", file({"a": good_tensor}, magic=MAGIC + 1), "not a checkpoint of torch"
    yield "plain_pickle", pickled({"a": 1}), "not a checkpoint of torch"
    yield "version", file({"a": good_tensor}, version=1002), "another protocol than 1001"
    yield "big_endian", file({"a": good_tensor}, little=False), "big-endian"
    yield "no_byte_order", file({"a": good_tensor}, little="yes"), "byte order"
    yield "keys_no_list", file({"a": good_tensor}, keys={}), "not a list"
    yield "key_unused", file({"a": good_tensor}, keys=["7", "8"]), '"8", which no tensor uses'
    yield "key_number", file({"a": good_tensor}, keys=[7]), "a number, which no tensor uses"
    yield "key_twice", file({"a": good_tensor}, [storage, storage]), "comes twice"
    yield "storage_missing", file({"a": good_tensor}, []), "not in the file"
    yield "storage_two_types", file({"a": good_tensor, "b": tensor(storage, (1,), (1,), kind="IntStorage")}), "in two ways"
    yield "storage_two_sizes", file({"a": good_tensor, "b": tensor(storage, (1,), (1,), count=5)}), "in two ways"
    yield "storage_count", file({"a": good_tensor}, counts=[5]), "5 elements, though 6"
    yield "storage_negative", file({"a": tensor(storage, (2,), (1,), count=-6)}, counts=[-6]), "claims -6 elements"
    yield "storage_huge", file({"a": tensor(storage, (2,), (1,), count=2**62)}, counts=[2**62]), "claims 4611686018427387904"
    yield "storage_beyond_file", file({"a": tensor(storage, (2,), (1,), count=2**40)}, counts=[2**40]), "cut short within"
    yield "storage_complex", file({"a": tensor(storage, (2,), (1,), kind="ComplexFloatStorage")}), "ComplexFloatStorage"
    yield "storage_view", view((2,), (1,), view=("8", 4, 3)), "3 elements from 4 is not within its 6"
    yield "storage_view_ill_formed", view((2,), (1,), view=("8",)), "not a key, an offset and a size"
    yield "surplus_bytes", file({"a": good_tensor}, tail=b"xyz"), "3 bytes behind the last storage"

    yield "view_outside", view((2, 3), (3, 1), 1), "reach beyond its storage of 6"
    yield "view_negative_offset", view((2,), (1,), -1), "reach beyond"
    yield "view_negative_size", view((-2,), (1,)), "none negative"
    yield "view_negative_stride", view((2,), (-1,), 5), "none negative"
    yield "view_overflow", view((2**62, 2**62), (2**62, 2**62)), "reach beyond"
    yield "view_offset_overflow", view((2,), (1,), 2**63 - 1), "reach beyond"
    yield "view_expanded", view((2**20, 2**20), (0, 0)), "more elements than its storage"
    yield "view_ranks", view((2, 3), (1,)), "two tuples of as many numbers"
    yield "view_rank_65", view((1,) * 65, (1,) * 65), "at most 64"
    yield "view_bool_size", view((True,), (1,)), "two tuples"
    yield "tensor_without_storage", file({"a": Call(REBUILD, 1, 0, (1,), (1,))}, []), "not described by a storage"
    yield "tensor_twice", file(Raw(b"}(" + 2 * (emit("a") + emit(good_tensor)) + b"u")), 'two tensors are named "a"'
    yield "tensor_name_number", file({1: good_tensor}), "named by a number"
    large = Storage("7", "u8", bytes(2000))
    yield "copies_amplified", file({f"a{i}": tensor(large, (1000, 2), (1, 1000)) for i in range(12)},
                                   [large]), "larger than its storages"
    yield "no_tensors", file({"epoch": 3, "args": {}}, []), 'its keys: "epoch", "args"'
    yield "no_dictionary", file([1, 2], []), "it holds a list"
    yield "dict_in_itself", file(Raw(b"}q\0" + emit("model") + b"h\0s"), []), "holds no dictionary of tensors"


def hostile_zip():
    storage = Storage("0", "f32", bytes(24))
    state = {"a": tensor(storage, (2, 3), (3, 1), legacy=False)}

    def members(*parts):
        return [("x/data.pkl", pickled(state))] + list(parts)

    yield "zip_os_system", zip_file({**state, "b": Call(Global("posix", "system"), "touch quern-was-here")}, [storage],
                                    protocol=4), '"posix.system"'
    yield "zip_storage_missing", zip_file(state, []), "not in the archive"
    yield "zip_storage_short", zipped(members(("x/data/0", bytes(20)))), "20 bytes, though 24"
    yield "zip_storage_outside", zip_file({"a": tensor(Storage("../../0", "f32", bytes(24)), (6,), (1,), legacy=False)},
                                          [storage]), "not in the archive"
    yield "zip_big_endian", zip_file(state, [storage], byteorder=b"big"), "big-endian"
    yield "zip_pickle_goes_on", zip_file(state, [storage], pickle_tail=b"N."), "goes on behind its end"
    yield "zip_twice", zipped(members(("x/data/0", bytes(24)), ("x/data/0", bytes(24)))), "twice"
    yield "zip_parent_folder", zipped(members(("../x", b""))), "member refused"
    bomb = zipped([("x/data.pkl", pickled(state)), ("x/data/0", bytes(10**5))], compressed=True)
    yield "zip_bomb", bomb.replace(struct.pack("<I", 10**5), struct.pack("<I", 24)), "damaged deflate stream"
    yield "zip_size_impossible", bomb.replace(struct.pack("<I", 10**5), struct.pack("<I", 2**31)), "impossible size"
    yield "zip_neither", zipped([("readme.txt", b"hello")]), "is no array"
    yield "zip_empty_name", zipped([(".npy", npy(1.0))]), "is empty"


def hostile_npz():
    yield "npz_objects", zipped([("a.npy", npy(1.0).replace(b"<f8", b"|O8"))]), "unsupported element type"
    yield "npz_fortran", zipped([("a.npy", npy(numpy.asfortranarray(numpy.ones((2, 3)))))]), "Fortran order"
    yield "npz_big_endian", zipped([("a.npy", npy(numpy.ones(2, ">f4")))]), "big-endian"
    yield "npz_short", zipped([("a.npy", npy(numpy.ones(2))[:-1])]), "truncated"


def hostile_other():
    yield "empty", b"", "not a weights file"
    yield "text", b"hello, world\n", "not a weights file"
    yield "single_npy", npy(numpy.ones(3)), "not a weights file"


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
    os.makedirs(os.path.join(folder, "hostile"), exist_ok=True)
    for name, content in good():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    expected = {}
    for group in (hostile_safetensors, hostile_legacy, hostile_zip, hostile_npz, hostile_other):
        for name, content, error in group():
            prefix = group.__name__.removeprefix("hostile_")
            name = name if name.startswith(prefix) else f"{prefix}_{name}"
            assert name not in expected, name
            expected[name] = error
            with open(os.path.join(folder, "hostile", name), "wb") as file:
                file.write(content)
    with open(os.path.join(folder, "hostile.json"), "w", encoding="utf-8") as file:
        json.dump(expected, file, indent=1, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
